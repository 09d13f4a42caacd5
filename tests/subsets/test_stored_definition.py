"""Definitions run again from what they read, with their budget and text as given."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.errors import OptionError, ReferenceNotFoundError, SelectionError
from catalog.selection.definition import definition_sha256
from tests.copies import made_once
from tests.quick import few_of

Write = Callable[..., Path]
OTHER = """-- summary: Of the pool, what another pool has too.
-- param: other text = t   where it is looked up
SELECT instruction_id
FROM pool($pool)  -- all of it
WHERE fingerprint IN (SELECT fingerprint FROM pool({other}))
ORDER BY shuffle_key(fingerprint, $seed), fingerprint
LIMIT $budget
"""


def pairs(n: int, *, first: int = 0) -> list[dict[str, str]]:
    return [
        {"instruction": f"question {i}", "output": f"answer {i}"} for i in range(first, first + n)
    ]


def written(tmp_path: Path, other: str, name: str = "shared") -> str:
    """A selector that names another pool."""
    text = OTHER.format(other=other)
    path = tmp_path / f"{name}.sql"
    path.write_text(
        text
        if "$other" in other
        else text.replace("-- param: other text = t   where it is looked up\n", "")
    )
    return str(path)


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    """Return a pool `p` of 30, and `t` with its first 12 in version 1 and its last in 2."""
    catalog.register(jsonl(pairs(30)), pool="p")
    catalog.register(jsonl(pairs(12), "t.jsonl"), pool="t")
    return catalog


def moved(catalog: Catalog, jsonl: Write) -> None:
    """Make the newest version of `t` another, and the tag too."""
    catalog.register(jsonl(pairs(12, first=18), "t.jsonl"), pool="t", mode="replace")
    catalog.tag("t@2", "good")


def prompts(catalog: Catalog, reference: str) -> set[str]:
    return set(catalog.sql(f"SELECT prompt FROM subset('{reference}')")["prompt"].to_list())


def record(catalog: Catalog, reference: str) -> dict[str, Any]:
    return catalog.show(reference).record  # type: ignore[union-attr]


def rewritten(catalog: Catalog, change: Callable[[dict[str, Any]], Any]) -> None:
    """Make the stored definitions those of 0.1, which kept neither texts nor budgets."""
    with catalog.store.writing() as connection:
        for subset_id, text in connection.execute(
            "SELECT subset_id, definition FROM subsets"
        ).fetchall():
            content = json.loads(text)
            change(content)
            connection.execute(
                "UPDATE subsets SET definition = $content, selector_text = NULL, "
                "budget_asked = NULL WHERE subset_id = $id",
                {"content": json.dumps(content), "id": subset_id},
            )


@pytest.mark.slow
def test_another_pool_that_is_named_without_a_version_is_read_as_it_was(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.tag("t@1", "good")
    path = Path(written(tmp_path, "$other"))
    by_name_and_tag = "".join(
        f"AND fingerprint IN (SELECT fingerprint FROM pool({other})) "
        for other in ("'t'", "'t@good'")
    )
    path.write_text(path.read_text().replace("ORDER BY", f"{by_name_and_tag}ORDER BY"))
    filled.select(str(path), "p", budget=5, name="few")
    moved(filled, jsonl)
    found = filled.verify("few")
    assert (found.is_same, found.causes) == (True, ())
    left_out = filled.why("few", 29).left_out
    assert left_out is not None
    assert (left_out.cause, left_out.is_as_stored) == ("condition", True)


def test_a_refresh_reads_the_current_versions_and_names_them(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.select(written(tmp_path, "'t'"), "p", budget=5, name="few")
    moved(filled, jsonl)
    selected = filled.refresh("few")
    assert (selected.reference, selected.warnings) == ("few@2", ("t@2 read now: few@1 read t@1",))
    assert not prompts(filled, "few@1") & prompts(filled, "few@2")
    assert [one["written"] for one in record(filled, "few@2")["definition"]["references"]] == [
        [],
        ["t"],
    ]


@pytest.mark.slow
def test_a_definition_that_kept_no_texts_of_references_reads_the_version_that_it_recorded(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.select(written(tmp_path, "'t'"), "p", budget=5, name="few")
    moved(filled, jsonl)
    rewritten(filled, lambda content: [one.pop("written") for one in content["references"]])
    assert filled.verify("few").is_same


def test_what_a_subset_refers_to_is_not_dropped(filled: Catalog, tmp_path: Path) -> None:
    filled.select("random", "p", budget=4, name="some")
    filled.select(written(tmp_path, "'t'"), "p", budget=5, name="few")
    filled.select(written(tmp_path, "'some'", "within"), "p", budget=2, name="fewer")
    for reference, holder in (
        ("t", "few@1"),
        ("p", "some@1"),
        ("some", "fewer@1"),
        ("some@1", "fewer@1"),
    ):
        with pytest.raises(OptionError, match=holder):
            filled.drop(reference)
    for reference in ("fewer", "few", "some", "t", "p"):
        filled.drop(reference)


def test_a_reference_that_is_gone_is_found_by_the_doctor_and_named_as_the_cause(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    filled.select(written(tmp_path, "'t'"), "p", budget=5, name="few")
    assert filled.doctor() == []
    with filled.store.writing() as connection:
        for table in ("pool_members", "pool_versions", "pools"):
            connection.execute(
                f"DELETE FROM {table} WHERE pool_id = (SELECT max(pool_id) FROM pools)"
            )
    filled.register(jsonl(pairs(12), "t.jsonl"), pool="t")  # another pool of that name
    (finding,) = filled.doctor()
    assert (finding.check, finding.problem) == (
        "lost_references",
        "few@1 was made from t@1, which is gone",
    )
    found = filled.verify("few")
    assert (found.is_same, found.n_different, found.causes) == (
        False,
        5,
        ("t@1 it was made from: gone",),
    )
    with pytest.raises(ReferenceNotFoundError, match="t@1"):
        filled.why("few", 29)


@pytest.mark.parametrize(
    ("asked", "grown"), few_of([("100%", 36), ("all", 36), (7, 7)], ("100%", 36))
)
def test_a_budget_is_kept_as_it_was_asked_for_and_follows_the_pool(
    filled: Catalog, jsonl: Write, asked: int | str, grown: int
) -> None:
    first = filled.select("random", "p", budget=asked, name="drawn")
    kept = record(filled, "drawn")
    assert (kept["budget_asked"], kept["definition"]["budget_asked"], kept["budget"]) == (
        str(asked),
        str(asked),
        first.n_members,
    )
    filled.register(jsonl(pairs(36)), pool="p")
    assert filled.refresh("drawn").n_members == grown
    assert record(filled, "drawn@2")["budget_asked"] == str(asked)
    assert filled.refresh("drawn", budget="25%").n_members == 9
    assert record(filled, "drawn@3")["budget_asked"] == "25%"


@pytest.mark.slow
def test_the_whole_of_a_pool_that_shrank_is_less(filled: Catalog, jsonl: Write) -> None:
    filled.select("random", "p", budget="all", name="drawn")
    filled.select("random", "p", budget=20, name="twenty")
    filled.register(jsonl(pairs(8)), pool="p", mode="replace")
    assert filled.refresh("drawn").n_members == 8
    with pytest.raises(OptionError, match="more than the 8 members"):
        filled.refresh("twenty")


def test_the_same_number_asked_for_in_other_words_is_the_same_definition(filled: Catalog) -> None:
    first = filled.select("random", "p", budget="10%", name="drawn")
    again = filled.select("random", "p", budget=3, name="drawn")
    assert (again.reference, again.is_new) == (first.reference, False)
    assert again.definition.sha256 == first.definition.sha256
    assert re.search(r"drawn@1 keeps its budget.*10%, not 3", *again.warnings)
    kept = record(filled, "drawn")
    assert kept["definition_sha256"] == definition_sha256(kept["definition"])


@pytest.mark.slow
def test_another_selector_under_a_name_is_refused_unless_it_supersedes(
    filled: Catalog, tmp_path: Path
) -> None:
    mine = written(tmp_path, "'t'", "mine")
    filled.select("random", "p", budget=3, name="few")
    for dry_run in (False, True):
        with pytest.raises(
            OptionError, match=r"few@1 was made by random, this would be mine.*supersede=True"
        ):
            filled.select(mine, "p", budget=3, name="few", dry_run=dry_run)
    assert filled.select(mine, "p", budget=3, name="few", supersede=True).reference == "few@2"
    assert filled.select("random", "p", budget=3, name="few").reference == "few@1"  # made before
    with pytest.raises(OptionError, match="few@2 was made by mine, this would be random"):
        filled.refresh("few@1", budget=4)
    assert filled.refresh("few@1", budget=4, supersede=True).reference == "few@3"


@pytest.mark.slow
def test_a_version_keeps_its_selectors_whole_text_outside_the_hash(
    filled: Catalog, tmp_path: Path
) -> None:
    mine = Path(written(tmp_path, "$other", "mine"))
    text = mine.read_text()
    first = filled.select(str(mine), "p", budget=3, name="few")
    mine.write_text(f"-- paper: none\n{text}")
    again = filled.select(str(mine), "p", budget=3, name="few")
    assert (again.is_new, again.definition.sha256) == (False, first.definition.sha256)
    assert record(filled, "few")["selector_text"] == text
    filled.refresh("few", settings={"other": "p"})
    kept = record(filled, "few@2")
    assert (kept["selector_text"], kept["definition"]["parameters"]) == (text, {"other": "p"})
    assert filled.verify("few@2").is_same


def test_a_definition_that_lacks_what_it_takes_says_who_made_it_and_keeps_its_members(
    filled: Catalog,
) -> None:
    filled.select("random", "p", budget=3, name="few")
    members = prompts(filled, "few")
    rewritten(filled, lambda content: content.pop("parameters"))
    found = filled.verify("few")
    assert (found.is_same, found.n_different) == (False, 3)
    assert found.causes[0].startswith("made by 0.1")
    with pytest.raises(SelectionError, match=r"made by 0\.1: its definition has no parameters"):
        filled.refresh("few")
    assert prompts(filled, "few") == members


@pytest.mark.slow
def test_a_difference_in_what_0_1_made_names_it_as_the_cause(filled: Catalog) -> None:
    filled.select("random", "p", budget=3, name="few")
    rewritten(filled, lambda content: content.update(seed=99))
    found = filled.verify("few")
    assert not found.is_same
    assert any(cause.startswith("made by 0.1") for cause in found.causes)


@pytest.mark.slow
def test_a_difference_without_a_recorded_cause_names_what_was_read(filled: Catalog) -> None:
    filled.embed("p")
    filled.select("k_center", "p", budget=3, name="few")
    with filled.store.writing() as connection:
        connection.execute(
            "UPDATE subsets SET definition = "
            'json_merge_patch(definition, \'{"seed": 5, "budget": 2}\')'
        )
    found = filled.verify("few")
    assert found.causes == (
        "no cause is recorded; it reads p@1, embeddings of all-MiniLM-L6-v2 (precision float32)",
    )
    with filled.store.writing() as connection:
        connection.execute("UPDATE signals SET identity_sha256 = 'another'")
    (cause,) = filled.verify("few").causes
    assert cause.startswith(
        "the embeddings of all-MiniLM-L6-v2 (precision float32) it was made from: gone"
    )
    assert cause.endswith("others of that name in float32")
