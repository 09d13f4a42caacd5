"""Marks of members: kept by fingerprint, taken back, read by SQL and by selections."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import NotFoundError, OptionError, ReferenceNotFoundError
from tests.conftest import pairs
from tests.copies import made_once
from tests.quick import one_in

GOOD_ONES = """-- summary: the members that somebody marked as good.
SELECT instruction_id
FROM pool($pool)
JOIN marks($pool) USING (instruction_id, fingerprint)
WHERE mark = 'good'
ORDER BY fingerprint
LIMIT $budget
"""


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    catalog.register(jsonl(pairs(6)), pool="p")
    return catalog


def fingerprints(catalog: Catalog) -> list[str]:
    return list(catalog.sql("SELECT fingerprint FROM pool('p') ORDER BY row_number")["fingerprint"])


def marks(catalog: Catalog, pool: str = "p") -> dict[str, tuple[str | None, str | None]]:
    rows = catalog.sql(f"SELECT fingerprint, mark, note FROM marks('{pool}')").rows()
    return {fingerprint: (mark, note) for fingerprint, mark, note in rows}


def test_the_newest_mark_and_note_hold(pool: Catalog) -> None:
    first, second, *_ = fingerprints(pool)
    assert pool.mark("p", first[:10], second, mark="good").change == 1
    assert pool.mark("p", first, note="a 'note'").fingerprints == (first,)
    pool.mark("p", second, mark="bad")
    assert marks(pool) == {first: ("good", "a 'note'"), second: ("bad", None)}
    pool.mark("p", first, mark="none", note="")
    assert marks(pool) == {second: ("bad", None)}
    listed = pool.marks("p").to_dicts()
    assert [(row["mark"], row["prompt"]) for row in listed] == [("bad", "question 1")]


def test_changes_are_taken_back_one_after_the_other(pool: Catalog) -> None:
    first, second, *_ = fingerprints(pool)
    pool.mark("p", first, second, mark="good")
    pool.mark("p", first, mark="bad", note="why")
    assert pool.undo_mark("p").undone == 2
    assert marks(pool) == {first: ("good", None), second: ("good", None)}
    undone = pool.undo_mark("p")
    assert (undone.undone, set(undone.fingerprints)) == (1, {first, second})
    assert marks(pool) == {}
    with pytest.raises(NotFoundError):
        pool.undo_mark("p")
    pool.mark("p", second, mark="bad")
    assert marks(pool) == {second: ("bad", None)}


@pytest.mark.slow
def test_a_change_that_another_pool_made_later_is_not_taken_back(
    pool: Catalog, jsonl: Callable[..., Path]
) -> None:
    pool.register(jsonl(pairs(1), "q.jsonl"), pool="q")
    first, second, *_ = fingerprints(pool)
    pool.mark("p", first, second, mark="good")
    pool.mark("q", first, mark="bad")
    assert marks(pool, "q") == {first: ("bad", None)}
    assert marks(pool)[first] == ("bad", None)
    pool.undo_mark("p")  # the newest change of a member of p is that of q
    pool.undo_mark("p")
    assert marks(pool) == {}


@pytest.mark.parametrize(
    ("given", "options", "error"),
    one_in(
        2,
        [
            (["0" * 64], {"mark": "good"}, NotFoundError),
            (["0" * 8], {"mark": "good"}, NotFoundError),
            (["1234567"], {"mark": "good"}, OptionError),
            ([], {"mark": "good"}, OptionError),
            (["0" * 64], {}, OptionError),
            (["0" * 64], {"mark": "fine"}, OptionError),
            (["0" * 64], {"note": "x" * 10_001}, OptionError),
        ],
    ),
)
def test_a_wrong_mark_changes_nothing(
    pool: Catalog, given: list[str], options: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error):
        pool.mark("p", *given, **options)  # type: ignore[arg-type]
    assert marks(pool) == {}
    with pytest.raises(ReferenceNotFoundError):
        pool.mark("nothing", "0" * 64, mark="good")


def test_marks_outlive_the_pool(pool: Catalog, jsonl: Callable[..., Path]) -> None:
    first, *_ = fingerprints(pool)
    pool.mark("p", first, mark="bad")
    pool.register(jsonl(pairs(5, first=1), "other.jsonl"), pool="p", mode="replace", force=True)
    assert marks(pool) == {}
    pool.restore("p@1")
    assert marks(pool) == {first: ("bad", None)}
    pool.drop("p")
    pool.gc()
    assert pool.doctor() == []
    pool.register(jsonl(pairs(6)), pool="p")
    assert marks(pool) == {first: ("bad", None)}


def test_a_selection_is_made_again_from_the_marks_that_it_read(
    pool: Catalog, tmp_path: Path
) -> None:
    first, second, third, *_ = fingerprints(pool)
    (tmp_path / "good_ones.sql").write_text(GOOD_ONES)
    pool.mark("p", first, second, mark="good")
    selected = pool.select(tmp_path / "good_ones.sql", "p", budget="all", name="few")
    again = pool.select(tmp_path / "good_ones.sql", "p", budget="all", name="few")
    assert again.reference == selected.reference  # no new version
    pool.mark("p", second, mark="bad")
    pool.mark("p", third, mark="good")
    assert pool.verify("few").is_same
    pool.refresh("few")
    members = set(pool.sql("SELECT fingerprint FROM subset('few@2')")["fingerprint"])
    assert members == {first, third}
    assert pool.verify("few@1").is_same
    assert pool.verify("few@2").is_same
    assert any("mark" in line for line in pool.diff_definitions("few@1", "few@2"))


@pytest.mark.slow
def test_damaged_marks_are_found(pool: Catalog) -> None:
    first, *_ = fingerprints(pool)
    pool.mark("p", first, mark="bad")
    with pool.store.writing() as connection:
        connection.execute("UPDATE marks SET mark = 'fine'")
    (issue,) = pool.doctor()
    assert issue.check == "marks"


def test_the_command_marks_lists_and_takes_back(pool: Catalog) -> None:
    first, *_ = fingerprints(pool)
    home = ["--home", str(pool.store.path), "mark", "p"]

    def run(*arguments: str) -> str:
        answer = CliRunner().invoke(main, [*home, *arguments])
        assert answer.exit_code == 0, answer.output
        return answer.stdout

    run(first[:12], "bad")
    run(first[:12], "--note", "wrong")
    (row,) = json.loads(run("--json"))
    assert (row["fingerprint"], row["mark"], row["note"]) == (first, "bad", "wrong")
    assert "wrong" in run()
    assert json.loads(run("--undo", "--json"))["undone"] == 2
    assert marks(pool) == {first: ("bad", None)}
    assert CliRunner().invoke(main, [*home, first, "--undo"]).exit_code == 2
    assert CliRunner().invoke(main, [*home, "bad"]).exit_code == 2
