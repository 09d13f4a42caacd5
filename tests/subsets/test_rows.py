"""Rows and members: a member that stands several times is several rows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.copies import made_once


@pytest.fixture
@made_once
def pools(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Pools `a` and `b` and their mixture `twice`: 10 members, 13 rows."""
    for name, n in (("a", 7), ("b", 3)):
        records = [{"instruction": f"question {name} {i}", "output": "yes"} for i in range(n)]
        catalog.register(jsonl(records, f"{name}.jsonl"), pool=name)
    catalog.project.mix(name="twice", parts=["b=all*2", "a=rest"], budget=13)
    return catalog


def test_every_answer_counts_rows_and_members(pools: Catalog) -> None:
    verified = pools.verify("twice")
    assert (verified.n_members, verified.n_rows, verified.n_different) == (10, 13, 0)
    ((n_members, n_rows),) = pools.subsets()["n_members", "n_rows"].rows()
    assert (n_members, n_rows) == (10, 13)
    for command in ("verify", "show"):
        answer = CliRunner().invoke(main, ["--home", str(pools.store.path), command, "twice"])
        assert "13 rows of 10 members" in answer.stdout


@pytest.mark.slow
def test_selections_and_comparisons_count_rows_where_some_member_is_several(
    pools: Catalog, tmp_path: Path
) -> None:
    file = tmp_path / "thrice.sql"
    text = "SELECT instruction_id, 3 AS copies FROM pool($pool) ORDER BY fingerprint LIMIT $budget"
    file.write_text(f"-- summary: three times.\n{text}\n")
    selected = pools.select(file, "a", budget=2, name="thrice")
    assert (selected.n_members, selected.n_rows) == (2, 6)
    again = pools.select(file, "a", budget=2, name="thrice")
    assert (again.is_new, again.n_rows) == (False, 6)
    rows = {row["name"]: row for row in pools.compare("twice", "thrice").rows}
    counts = [(rows[name]["n_members"], rows[name]["n_rows"]) for name in ("twice@1", "thrice@1")]
    assert counts == [(10, 13), (2, 6)]
    assert all(row["n_rows"] == row["n_members"] for name, row in rows.items() if "random" in name)
    pools.select("random", "a", budget=2, name="plain")
    assert "n_rows" not in pools.compare("plain").rows[0]


def test_the_rest_is_asked_for_what_the_other_parts_leave(pools: Catalog) -> None:
    mixture = pools.project.mix(name="m", parts=["b=all*2", "a=rest", "twice=2"], budget=20)
    whole, rest, covered = mixture.parts
    assert (whole.asked, whole.achieved, whole.available) == (None, 6, 3)
    assert (rest.asked, rest.achieved, rest.ran_out) == (12, 7, True)
    assert (covered.asked, covered.achieved, covered.available) == (2, 0, 0)


def test_one_thing_is_no_plural(catalog: Catalog, jsonl: Callable[..., Path]) -> None:
    home = ["--home", str(catalog.store.path)]
    single = str(jsonl([{"instruction": "one", "output": "two"}]))
    loaded = CliRunner().invoke(main, [*home, "register", single, "--pool", "p"])
    assert "p@1: 1 member, read" in loaded.output
    kept = CliRunner().invoke(main, [*home, "backup", str(catalog.store.path.parent / "kept")])
    assert not any(f" 1 {noun}s" in kept.output for noun in ("file", "byte"))
