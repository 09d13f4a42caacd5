"""Mixtures of pools and subsets: every verb on a subset over two pools with repeats."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import OptionError, QueryError, ReferenceNotFoundError, SelectionError
from catalog.selection.run import members_sha256
from tests.copies import made_once
from tests.quick import few_of, one_in

SHARED = {"instruction": "question a 3", "output": "word " * 4, "source": "x"}


def records(name: str, n: int) -> list[dict[str, Any]]:
    return [
        {"instruction": f"question {name} {i}", "output": "word " * (i % 5 + 1)}
        | {"source": "xyz"[i % 3]}
        for i in range(n)
    ]


@pytest.fixture
@made_once
def pools(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Pools `a` and `b`, which share one record, and the mixture `mixed` of both."""
    catalog.register(jsonl(records("a", 40)), pool="a", source_column="source")
    catalog.register(jsonl([*records("b", 12), SHARED]), pool="b", source_column="source")
    catalog.project.mix(name="mixed", parts=["a=60%", "b=rest*2"], budget=50)
    return catalog


def rows(catalog: Catalog, reference: str) -> Counter[str]:
    sql = "SELECT fingerprint, copies FROM subset($reference)"
    found = catalog.sql(sql, parameters={"reference": reference})
    return Counter(dict(found.rows()))


def test_a_mixture_has_its_shares_and_verifies(pools: Catalog) -> None:
    by_pool = pools.sql(
        "SELECT pool, count(*) AS members, sum(copies)::BIGINT AS n "
        "FROM subset('mixed') GROUP BY pool ORDER BY pool"
    )
    assert by_pool.rows() == [("a", 30, 30), ("b", 12, 20)]
    assert pools.verify("mixed").is_same
    assert pools.doctor(full=True) == []


def test_the_answer_says_what_each_part_got_and_which_ran_out(pools: Catalog) -> None:
    mixture = pools.project.mix(name="few", parts=["b=80%", "a=rest"], budget=40)
    first, second = mixture.parts
    assert (first.asked, first.achieved, first.epochs, first.ran_out) == (32, 13, 1, True)
    assert (second.asked, second.achieved, second.ran_out) == (8, 27, False)
    assert (mixture.achieved, mixture.n_rows, mixture.n_members) == (40, 40, 40)


@pytest.mark.slow
def test_a_member_of_two_pools_belongs_to_the_first_part(pools: Catalog) -> None:
    parts = [("a=all", "b=all"), ("b=all", "a=all")]
    counts = []
    for number, listed in enumerate(parts):
        pools.project.mix(name=f"all-{number}", parts=listed, budget="all")
        sql = f"SELECT pool FROM subset('all-{number}') WHERE prompt = 'question a 3'"
        counts.append(pools.sql(sql).rows())
    assert counts == [[("a",)], [("b",)]]


def test_pools_gives_each_member_once_and_a_selection_may_take_them_all(
    pools: Catalog, tmp_path: Path
) -> None:
    sql = "SELECT pool, count(*) FROM pools('a', 'b') GROUP BY pool ORDER BY pool"
    assert pools.sql(sql).rows() == [("a", 40), ("b", 12)]
    file = tmp_path / "both.sql"
    file.write_text(
        "-- summary: both.\nSELECT instruction_id, pool FROM pools('a', 'b')\n"
        "ORDER BY shuffle_key(fingerprint, $seed) LIMIT $budget\n"
    )
    selected = pools.select(file, "a", budget=30, name="both")
    assert {*pools.sql("SELECT pool FROM subset('both')")["pool"]} == {"a", "b"}
    assert [each["pool"] for each in pools.show("both").record["sources"]] == ["a@1", "b@1"]
    assert pools.verify("both").is_same
    assert selected.n_members == 30


@pytest.mark.slow
def test_any_selector_takes_several_pools(pools: Catalog) -> None:
    selected = pools.select("random", "a,b", budget=52, name="u")
    assert selected.definition.source == "a-and-b@1"
    assert selected.n_members == 52
    assert pools.verify("u").is_same
    assert {*pools.sql("SELECT pool FROM pool('u')")["pool"]} == {"a", "b"}


def test_an_export_writes_repeats_out_in_the_order_that_the_hash_is_of(
    pools: Catalog, tmp_path: Path
) -> None:
    exported = pools.export("mixed", tmp_path / "mixed.jsonl")
    lines = [json.loads(line) for line in exported.files[0].read_text().splitlines()]
    fingerprints = [line["fingerprint"] for line in lines]
    assert Counter(fingerprints) == rows(pools, "mixed")
    assert exported.members_sha256 == members_sha256(fingerprints)
    assert exported.members_sha256 == pools.show("mixed").record["members_sha256"]
    halves = [sum("question b" in str(line) for line in half) for half in (lines[:25], lines[25:])]
    assert max(halves) - min(halves) <= 3  # the parts interleave


FORMATS = ("alpaca", "messages", "sharegpt", "llamafactory", "axolotl")


@pytest.mark.parametrize("format", few_of(FORMATS, "axolotl"))
def test_every_trainer_gets_the_repeats(pools: Catalog, format: str, tmp_path: Path) -> None:
    exported = pools.export("mixed", tmp_path / "out", format=format, allow_lossy=True)
    assert exported.n_rows == rows(pools, "mixed").total() == 50


def test_why_names_the_part_of_a_member_and_of_a_row_that_was_left_out(pools: Catalog) -> None:
    twice = pools.sql("SELECT fingerprint FROM subset('mixed') WHERE copies = 2 ORDER BY rank")
    why = pools.why("mixed", twice["fingerprint"][0])
    assert (why.columns["part"], why.copies, why.row.pool) == ("b", 2, "b")
    out = pools.sql(
        "SELECT fingerprint FROM pools('a', 'b') ANTI JOIN subset('mixed') USING (fingerprint)"
    )
    left_out = pools.why("mixed", out["fingerprint"].sort()[0]).left_out
    assert left_out is not None
    assert left_out.is_as_stored
    assert "part a has its size, 60%" in left_out.sentences[0]


@pytest.mark.slow
def test_compare_and_diff_and_lineage_read_a_mixture(pools: Catalog) -> None:
    pools.select("random", "a", budget=10, name="of-a")
    comparison = pools.compare("mixed", "of-a")
    assert comparison.parent == "a@1,b@1"
    assert [row["n_members"] for row in comparison.rows[:2]] == [42, 10]
    assert (pools.diff("mixed", "a").n_added, pools.diff("mixed", "a").n_removed) == (10, 12)
    found = {node.title for node in pools.lineage("mixed").nodes}
    assert {"mixed@1", "a@1", "b@1"} <= found


@pytest.mark.slow
def test_refresh_follows_a_pool_that_grew_and_drop_and_gc_keep_what_is_needed(
    pools: Catalog, jsonl: Callable[..., Path]
) -> None:
    before = rows(pools, "mixed")
    pools.register(jsonl(records("new", 20), "new.jsonl"), pool="b", mode="append")
    refreshed = pools.refresh("mixed")
    assert refreshed.reference == "mixed@2"
    assert rows(pools, "mixed").total() == 50
    assert rows(pools, "mixed@1") == before
    assert pools.verify("mixed@1").is_same
    assert pools.verify("mixed@2").is_same
    for pool in ("a", "b"):
        with pytest.raises(OptionError, match="mixed@1"):
            pools.drop(pool)
    pools.drop("mixed")
    pools.drop("b")
    pools.gc()
    assert pools.doctor(full=True) == []
    assert pools.sql("SELECT count(*) FROM subset_sources").item() == 0


def test_a_part_with_a_selector_is_a_subset_of_its_own_in_its_order(pools: Catalog) -> None:
    mixture = pools.project.mix(name="m", parts=["a:random=50%", "b=rest"], budget=20)
    assert mixture.parts[0].reference == "m.a-random@1"
    best = pools.sql("SELECT fingerprint FROM subset('m.a-random') WHERE rank <= 10")
    taken = pools.sql("SELECT fingerprint FROM subset('m') WHERE pool = 'a'")
    assert {*best["fingerprint"]} == {*taken["fingerprint"]}
    assert not mixture.parts[0].ran_out


@pytest.mark.slow
def test_caps_hold_for_each_value_of_an_expression(pools: Catalog) -> None:
    caps = ["source=20%", "length(response) > 20=10%"]
    pools.project.mix(name="m", parts=["a=60%", "b=rest"], budget=40, caps=caps)
    found = pools.sql("SELECT source, length(response) > 20 AS is_long FROM subset('m')")
    assert max(found["source"].value_counts()["count"]) <= 8
    assert found["is_long"].sum() <= 4
    assert pools.verify("m").is_same


@pytest.mark.slow
def test_a_member_several_times_is_a_column_of_any_selector(pools: Catalog, tmp_path: Path) -> None:
    file = tmp_path / "twice.sql"
    text = "-- summary: twice.\nSELECT instruction_id, {} AS copies FROM pool($pool)\n"
    text += "ORDER BY fingerprint LIMIT $budget\n"
    file.write_text(text.format(2))
    pools.select(file, "a", budget=5, name="twice")
    assert rows(pools, "twice").total() == 10
    assert pools.verify("twice").is_same
    for wrong in ("0", "NULL", "'two'", "1.5"):
        file.write_text(text.format(wrong))
        with pytest.raises(SelectionError, match="copies"):
            pools.select(file, "a", budget=5, name="wrong")


@pytest.mark.parametrize(
    ("options", "error", "place"),
    one_in(
        2,
        [
            ({"parts": ["a=rest", "c=10%"], "budget": 10}, ReferenceNotFoundError, "named c"),
            ({"parts": ["a=60%", "b=50%"], "budget": 10}, OptionError, "110"),
            ({"parts": ["a=rest"], "budget": 0}, OptionError, "'0'"),
            ({"parts": ["a=rest"], "budget": "2Mtok"}, OptionError, "model"),
            ({"parts": ["a=2ktok"], "budget": "50"}, OptionError, "2ktok"),
            ({"parts": ["a=rest"], "budget": 10, "caps": ["source"]}, OptionError, "source"),
            ({"parts": ["a=rest"], "budget": 10, "caps": ["source=120%"]}, OptionError, "120%"),
            ({"parts": ["a=5", "a@1=5"], "budget": 10}, OptionError, "a is named"),
        ],
    ),
)
def test_what_no_mixture_can_be_is_refused_before_anything_is_written(
    pools: Catalog, options: dict[str, Any], error: type[Exception], place: str
) -> None:
    with pytest.raises(error) as refused:
        pools.project.mix(name="m", **options)
    assert place in str(refused.value)
    assert "m" not in pools.subsets()["name"].to_list()


@pytest.mark.slow
def test_refresh_selects_the_parts_of_a_mixture_again(
    pools: Catalog, jsonl: Callable[..., Path]
) -> None:
    pools.project.mix(name="m", parts=["a:random=50%", "b=rest"], budget=20)
    pools.register(jsonl(records("new", 400), "new.jsonl"), pool="a", mode="append")
    assert pools.refresh("m").definition.source == "m.a-random@2,b@1"
    assert pools.verify("m").is_same
    names = pools.sql("SELECT prompt FROM subset('m') WHERE pool = 'a'")["prompt"]
    assert names.str.contains("new").sum() > 5


def test_a_condition_narrows_any_selector_and_why_names_it(
    pools: Catalog, jsonl: Callable[..., Path]
) -> None:
    narrow = pools.project.select_where("a", where="source = 'x' -- one of three").reference
    assert narrow is not None
    pools.select("random", narrow, budget=5, name="few", group="study")
    assert {*pools.sql("SELECT source FROM pool('few')")["source"]} == {"x"}
    other = pools.sql("SELECT fingerprint FROM pool('a') WHERE source = 'y' ORDER BY ALL")
    left_out = pools.why("few", other["fingerprint"][0]).left_out
    assert left_out is not None
    assert "source = 'x' is false: source is 'y'" in left_out.sentences
    assert pools.subsets(group="study")["parent"].to_list() == [narrow]
    pools.register(jsonl(records("new", 9), "new.jsonl"), pool="a", mode="append")
    assert pools.refresh("few").definition.source == narrow.replace("@1", "@2")


WRONG = ("true) OR (true", "", "prompt", "no_column = 1", "1; SELECT 2")


@pytest.mark.parametrize("wrong", few_of(WRONG, "true) OR (true", ""))
def test_what_is_no_condition_is_refused(pools: Catalog, wrong: str) -> None:
    with pytest.raises(QueryError):
        pools.project.select_where("a", where=wrong)


def test_a_wrong_expression_has_its_place_in_its_option(pools: Catalog) -> None:
    with pytest.raises(QueryError, match=r"^--where:2:5: "):
        pools.project.select_where("a", where="true\nAND no_column = 1")
    caps = ["source=50%", "no_column=50%"]
    with pytest.raises(QueryError, match=r"^--cap:1:1: "):
        pools.project.mix(name="capped", parts=["a=rest"], budget=5, caps=caps)


def test_a_dry_run_joins_no_pools(pools: Catalog) -> None:
    before = pools.subsets().height
    with pytest.raises(OptionError, match="a,b"):
        pools.select("random", "a,b", budget=5, name="u", dry_run=True)
    assert pools.subsets().height == before
