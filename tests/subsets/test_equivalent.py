"""Selections that differ from a version by names, comments or layout alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.selection.selector import find_selector
from catalog.subsets.select import select

FIRST = """-- summary: A test.
WITH long AS (SELECT * FROM pool($pool) AS p WHERE length(p.response) > 1)
SELECT instruction_id, length(response) AS n FROM long ORDER BY n DESC, fingerprint LIMIT $budget
"""
RENAMED = FIRST.replace("long", "kept").replace("AS p", "AS q").replace("p.resp", "q.resp")
BRACKETS = FIRST.replace("length(p.response) > 1", "(length(p.response) > 1)")


@pytest.fixture
def mine(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Path:
    records = [{"instruction": f"q {i}", "output": "word " * (i + 1)} for i in range(20)]
    catalog.register(jsonl(records), pool="p")
    path = tmp_path / "mine.sql"
    path.write_text(FIRST)
    catalog.select(str(path), "p", budget=5, name="best")
    return path


@pytest.mark.parametrize("text", [RENAMED, BRACKETS], ids=["names", "brackets"])
def test_the_version_that_is_there_serves_until_another_is_asked_for(
    catalog: Catalog, mine: Path, text: str
) -> None:
    mine.write_text(text)
    selected = catalog.select(str(mine), "p", budget=5, name="best")
    assert (selected.reference, selected.is_new) == ("best@1", False)
    assert "new_version=True" in selected.warnings[0]
    selected = catalog.select(str(mine), "p", budget=5, name="best", new_version=True)
    assert (selected.reference, selected.is_new) == ("best@2", True)
    assert catalog.diff("best@1", "best@2").n_added == 0


@pytest.mark.parametrize(
    "text",
    [FIRST.replace("> 1", "> 2"), RENAMED.replace("AS n", "AS m").replace("BY n", "BY m")],
    ids=["condition", "column"],
)
def test_another_condition_or_column_is_another_version(
    catalog: Catalog, mine: Path, text: str
) -> None:
    mine.write_text(text)
    selected = catalog.select(str(mine), "p", budget=5, name="best")
    assert (selected.reference, selected.warnings) == ("best@2", ())


def test_an_older_version_does_not_serve_where_the_newest_is_wanted(
    catalog: Catalog, mine: Path
) -> None:
    catalog.select(str(mine), "p", budget=4, name="best")
    mine.write_text(RENAMED)
    again = find_selector(catalog.store, str(mine))
    selected = select(catalog.store, again, "p", budget=5, name="best", is_newest=True)
    assert (selected.reference, selected.is_new, selected.warnings) == ("best@3", True, ())
    selected = select(catalog.store, again, "p", budget=5, name="best", is_newest=True)
    assert (selected.reference, selected.is_new, selected.warnings) == ("best@3", False, ())


def test_another_budget_or_seed_is_another_version(catalog: Catalog, mine: Path) -> None:
    mine.write_text(RENAMED)
    assert catalog.select(str(mine), "p", budget=4, name="best").reference == "best@2"
    assert catalog.select(str(mine), "p", budget=5, seed=1, name="best").reference == "best@3"
