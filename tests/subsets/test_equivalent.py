"""Selections that differ from a version by names, comments or layout alone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from catalog import Catalog
from catalog.selection.run import choose
from catalog.selection.selector import find_selector
from catalog.subsets.select import select
from tests.copies import made_once
from tests.quick import few_of

FIRST = """-- summary: A test.
WITH long AS (SELECT * FROM pool($pool) AS p WHERE length(p.response) > 1)
SELECT instruction_id, length(response) AS n FROM long ORDER BY n DESC, fingerprint LIMIT $budget
"""
RENAMED = FIRST.replace("long", "kept").replace("AS p", "AS q").replace("p.resp", "q.resp")
BRACKETS = FIRST.replace("length(p.response) > 1", "(length(p.response) > 1)")


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Catalog:
    records = [{"instruction": f"q {i}", "output": "word " * (i + 1)} for i in range(20)]
    catalog.register(jsonl(records), pool="p")
    path = tmp_path / "mine.sql"
    path.write_text(FIRST)
    catalog.select(str(path), "p", budget=5, name="best")
    return catalog


@pytest.fixture
def mine(filled: Catalog, tmp_path: Path) -> Path:
    """Return the file of the selector that made `best`."""
    return tmp_path / "mine.sql"


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


@pytest.mark.parametrize("second", few_of([FIRST, RENAMED], RENAMED))
def test_selections_of_one_meaning_at_the_same_moment_make_one_version(
    catalog: Catalog, mine: Path, monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    both_looked = threading.Barrier(2)

    def choose_together(*arguments: Any, **options: Any) -> Any:
        both_looked.wait()  # neither has found a version of the other
        return choose(*arguments, **options)

    monkeypatch.setattr("catalog.subsets.select.choose", choose_together)
    other = mine.with_name("other") / mine.name
    other.parent.mkdir()
    other.write_text(second)

    def selected(path: Path) -> Any:
        return catalog.select(str(path), "p", budget=7, name="race")

    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(selected, (mine, other)))
    assert [each.reference for each in answers] == ["race@1", "race@1"]
    assert sorted(each.is_new for each in answers) == [False, True]


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


@pytest.mark.slow
def test_another_budget_or_seed_is_another_version(catalog: Catalog, mine: Path) -> None:
    mine.write_text(RENAMED)
    assert catalog.select(str(mine), "p", budget=4, name="best").reference == "best@2"
    assert catalog.select(str(mine), "p", budget=5, seed=1, name="best").reference == "best@3"
