from __future__ import annotations

from pathlib import Path

import pytest

from catalog.errors import HeaderError, OptionError, SelectorNotFoundError
from catalog.selection.definition import define
from catalog.selection.header import EXAMPLE, order_matters
from catalog.selection.run import choose
from catalog.selection.selector import find_selector, list_selectors, read_selector
from catalog.store.paths import package_data_dir
from catalog.store.store import Store

PARAM = "-- summary: x\n-- param:"
GOOD = """-- summary: Take some.
-- paper: nobody, never, and
-- paper: nowhere
-- needs: losses, map, score ifd
-- a remark without a key
-- author: A. Nobody
-- see-also: nothing
-- see-also: https://example.org
-- https://example.org
-- param: k integer = 100 [1..]         clusters
-- param: share number = 0.5 [0..1]
-- param: start text = 'k-means++' {random, k-means++}  how it begins
-- param: target text                   which
-- param: is_fair boolean = false       whether
-- param: proxy text = NULL             whose losses
SELECT $k, $share, $start, $target, $is_fair, $proxy, $budget, $pool, $seed
"""


def test_a_header_is_read() -> None:
    selector = read_selector(GOOD, name="some")
    assert selector.summary == "Take some."
    assert selector.paper == "nobody, never, and nowhere"
    assert selector.needs == ("losses", "map", "score ifd")
    assert selector.notes == {
        "author": "A. Nobody",
        "see-also": "nothing\nhttps://example.org",
    }
    assert [param.name for param in selector.params] == [
        "k",
        "share",
        "start",
        "target",
        "is_fair",
        "proxy",
    ]
    assert selector.values({"target": "x"}) == {
        "k": 100,
        "share": 0.5,
        "start": "k-means++",
        "target": "x",
        "is_fair": False,
        "proxy": None,
    }


def test_a_header_says_whether_the_order_matters(store: Store) -> None:
    assert read_selector("-- summary: x\n-- order: matters\nSELECT 1", name="some").order_matters
    assert [selector.name for selector in list_selectors(store) if selector.order_matters] == [
        "confidence_curriculum"
    ]


def test_settings_come_as_texts_or_as_values() -> None:
    selector = read_selector(GOOD, name="some")
    texts = {
        "k": "7",
        "share": "1",
        "start": "random",
        "target": "y",
        "is_fair": "yes",
        "proxy": "tiny",
    }
    values = {
        "k": 7,
        "share": 1,
        "start": "random",
        "target": "y",
        "is_fair": True,
        "proxy": "tiny",
    }
    assert selector.values(texts) == selector.values(values) == {**values, "share": 1.0}
    assert selector.values({"target": "x", "proxy": "null"})["proxy"] is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "x", "kk": 3}, "some has no parameter kk; did you mean k?"),
        ({"target": "x", "budget": 3}, "some has no parameter budget; "),
        ({}, "some needs target: --set target=VALUE"),
        ({"target": "x", "k": "many"}, "k takes an integer, not 'many'"),
        ({"target": "x", "k": 2.5}, "k takes an integer, not 2.5"),
        ({"target": "x", "k": True}, "k takes an integer, not True"),
        ({"target": "x", "share": "nan"}, "share takes a number, not 'nan'"),
        ({"target": "x", "k": 0}, "k cannot be 0: k integer = 100 [1..] clusters"),
        ({"target": "x", "share": 1.5}, "share cannot be 1.5: share number = 0.5 [0..1]"),
        (
            {"target": "x", "start": "elsewhere"},
            "start cannot be 'elsewhere': start text = k-means++ {random, k-means++} how it begins",
        ),
        ({"target": "x", "is_fair": "perhaps"}, "is_fair takes true or false, not 'perhaps'"),
    ],
)
def test_the_error_for_a_setting_out_of_range_has_its_declaration(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(OptionError) as caught:
        read_selector(GOOD, name="some").values(settings)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SELECT 1", "1:1: expected a line `-- summary: ...`"),
        ("-- summery: x\nSELECT 1", "1:4: unknown key summery; did you mean summary?"),
        ("-- summary: x\n-- order: random\nSELECT 1", "2:11: expected `order: matters`"),
        ("-- summary: x\n-- needs: losses, vibes\nSELECT 1", "2:19: unknown need 'vibes'"),
        ("-- summary: x\n-- needs: score\nSELECT 1", "2:11: unknown need 'score'"),
        (f"{PARAM} k whole = 3\nSELECT $k", "2:13: expected one of integer"),
        (f"{PARAM} k\nSELECT $k", "2:11: expected NAME"),
        (f"{PARAM} k integer = three\nSELECT $k", "2:23: k takes an integer"),
        (f"{PARAM} k integer = 0 [1..9]\nSELECT $k", "2:23: k cannot be '0'"),
        (f"{PARAM} k integer =\nSELECT $k", "2:21: expected NAME"),
        (f"{PARAM} k text = 'a\nSELECT $k", "2:18: expected NAME"),
        (f"{PARAM} k integer = 1 [1-9] size\nSELECT $k", "2:25: expected NAME"),
        (f"{PARAM} k integer = 1 [1..\nSELECT $k", "2:25: expected NAME"),
        (f"{PARAM} k integer = 1 [few..9]\nSELECT $k", "2:26: expected a number, got 'few'"),
        (f"{PARAM} k integer = 1 [0..nan]\nSELECT $k", "2:29: expected a number"),
        (f"{PARAM} k integer = 5 [9..1]\nSELECT $k", "2:26: 9 is above 1"),
        (f"{PARAM} k integer = 5 [..]\nSELECT $k", "2:25: expected LOW..HIGH"),
        (f"{PARAM} k text = a [1..2]\nSELECT $k", "2:22: a text has no range"),
        (f"{PARAM} k integer = 1 {{1, 2}}\nSELECT $k", "2:25: only a text has choices"),
        (f"{PARAM} k text = a {{a, }}\nSELECT $k", "2:23: a choice is empty"),
        (f"{PARAM} k text = a {{a, b\nSELECT $k", "2:22: expected NAME"),
        (f"{PARAM} k integer = 1\n-- param: k integer = 2\nSELECT $k", "3:11: k is declared twice"),
        (f"{PARAM} seed integer = 1\nSELECT $seed", "2:11: $seed is always provided"),
        (f"{PARAM} k integer = 1\nSELECT 1,\n  $kk", "4:3: $kk is not declared; did you mean k?"),
        (f"{PARAM} k integer = 1\nSELECT '$k' -- $k", "2:11: k is declared and never used"),
    ],
)
def test_the_error_for_a_wrong_header_has_its_location(text: str, message: str) -> None:
    with pytest.raises(HeaderError) as caught:
        read_selector(text, name="some")
    assert str(caught.value).startswith(f"some.sql:{message}")


def test_the_order_of_a_stored_text_is_read_whatever_else_its_header_says() -> None:
    assert order_matters("-- summary: x\n-- needs: vibes\n-- order: matters\nSELECT 1")
    assert not order_matters("-- summary: x\nSELECT 1 -- order: matters")


def test_a_header_error_shows_a_good_header_and_that_header_is_good() -> None:
    with pytest.raises(HeaderError) as caught:
        read_selector("SELECT 1", name="some")
    assert EXAMPLE in str(caught.value)
    shown = EXAMPLE.partition("\n")[2]
    assert [
        param.shown() for param in read_selector(f"{shown}\nSELECT $k, $start", name="shown").params
    ] == [
        "k integer = 100 [1..] clusters",
        "start text = random {random, k-means++} how the first centres are chosen",
    ]


def test_every_selector_that_is_shipped_has_a_good_header(store: Store) -> None:
    found = list_selectors(store)
    assert {selector.name for selector in found} == {
        path.stem for path in package_data_dir("selectors").glob("*.sql")
    }
    for selector in found:
        assert selector.summary.endswith(".")
        assert selector.paper


@pytest.mark.parametrize("name", ["s2l", "s2l_by_source", "kmeans_sensitivity"])
def test_clusters_are_at_most_as_many_as_members_at_the_defaults(store: Store, name: str) -> None:
    selector = find_selector(store, name)
    settings = {"proxy": "tiny"} if "losses" in selector.needs else {}
    chosen = choose(store, define(store, selector, ref="tiny", budget=5, settings=settings))
    assert chosen.members.num_rows == 5


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("s2l", {"k": 0}, r"k cannot be 0: k integer = 100 \[1..\] clusters"),
        ("kmeans_sensitivity", {"iterations": -1}, r"iterations cannot be -1: .* \[0..\]"),
        ("s2l", {"incomplete": "foo"}, "incomplete cannot be 'foo': .*{refuse, drop, impute}"),
        ("ila", {"projection": "mds"}, "projection cannot be 'mds': .*{tsne, umap, pca}"),
        ("fisher_sft", {"optimizer": "lazy"}, "optimizer cannot be 'lazy'"),
    ],
)
def test_what_a_shipped_selector_cannot_be_set_to_is_an_option_error(
    store: Store, name: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        find_selector(store, name).values(settings)


def test_a_selector_is_found_by_name_by_path_and_in_the_catalog(
    store: Store, tmp_path: Path
) -> None:
    assert find_selector(store, "random").name == "random"
    (tmp_path / "mine.sql").write_text(GOOD)
    found = find_selector(store, str(tmp_path / "mine.sql"))
    assert (found.name, found.file) == ("mine", str(tmp_path / "mine.sql"))
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO selectors VALUES ('kept', $text, TIMESTAMP '2026-01-05')", {"text": GOOD}
        )
    assert find_selector(store, "kept").params == found.params
    assert "kept" in {selector.name for selector in list_selectors(store)}


def test_a_byte_order_mark_is_no_part_of_a_selector(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "mine.sql"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert find_selector(store, str(file)).text == GOOD


def test_an_unknown_selector_suggests_the_nearest(store: Store, tmp_path: Path) -> None:
    with pytest.raises(
        SelectorNotFoundError, match=r"no selector named randon; did you mean random\?"
    ):
        find_selector(store, "randon")
    with pytest.raises(SelectorNotFoundError, match="No such file"):
        find_selector(store, str(tmp_path / "none.sql"))
    assert find_selector(Store(tmp_path / "nowhere"), "s2l").name == "s2l"
