"""What differs between the definitions of two subsets."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.copies import made_once

FIRST = """-- summary: The longest answers.
SELECT instruction_id FROM pool($pool)
WHERE length(response) > 1 ORDER BY length(response) DESC LIMIT $budget
"""


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    records = [{"instruction": f"q {i}", "output": "word " * (i + 1)} for i in range(20)]
    catalog.register(jsonl(records), pool="p")
    return catalog


def select(catalog: Catalog, folder: Path, text: str, *, budget: int = 5) -> None:
    path = folder / "mine.sql"
    path.write_text(text)
    catalog.select(str(path), "p", budget=budget, name="best")


def test_equal_definitions_do_not_differ(filled: Catalog, tmp_path: Path) -> None:
    select(filled, tmp_path, FIRST)
    assert filled.diff_definitions("best@1", "best@1") == []


def test_each_difference_is_one_sentence(filled: Catalog, tmp_path: Path) -> None:
    select(filled, tmp_path, FIRST)
    select(filled, tmp_path, FIRST.replace("> 1", "> 2").replace("DESC", "ASC"), budget=6)
    changes = filled.diff_definitions("best@1", "best@2")
    assert len(changes) == 4
    assert "budget" in changes[0]
    assert [change.rsplit(": ", 1)[1] for change in changes[1:3]] == [
        "length(response) > 1",
        "length(response) > 2",
    ]
    assert "ORDER BY" in changes[3]


def test_the_command_prints_them(filled: Catalog, tmp_path: Path) -> None:
    select(filled, tmp_path, FIRST)
    select(filled, tmp_path, FIRST, budget=6)
    home = str(filled.store.path)
    result = CliRunner().invoke(main, ["--home", home, "diff", "best@1", "best@2", "--definition"])
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == ["budget was 5, is 6"]
