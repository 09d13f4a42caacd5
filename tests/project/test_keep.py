"""Refreshing with little churn: what still qualifies stays."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.copies import made_once

Write = Callable[..., Path]
LONG = (
    "-- summary: The longest responses.\n"
    "SELECT instruction_id, length(response) AS n FROM pool($pool) WHERE length(response) > 1 "
    "ORDER BY n DESC LIMIT $budget\n"
)


def records(lengths: dict[str, int]) -> list[dict[str, str]]:
    return [{"instruction": name, "output": "x" * length} for name, length in lengths.items()]


def prompts(catalog: Catalog, reference: str) -> list[str]:
    found: list[str] = catalog.sql(
        "SELECT prompt FROM subset($r) ORDER BY rank", parameters={"r": reference}
    )["prompt"].to_list()
    return found


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write, tmp_path: Path) -> Catalog:
    """Pool `p` of six records, and the half of it with the longest responses."""
    file = tmp_path / "long.sql"
    file.write_text(LONG)
    catalog.register(
        jsonl(records({"a": 60, "b": 50, "c": 40, "d": 30, "e": 20, "f": 1})), pool="p"
    )
    catalog.select(file, "p", budget="50%", name="s")
    return catalog


@pytest.mark.slow
def test_members_that_qualify_stay_and_the_others_are_replaced_by_rank(
    filled: Catalog, jsonl: Write
) -> None:
    assert prompts(filled, "s") == ["a", "b", "c"]
    lengths = {"a": 60, "c": 40, "d": 30, "e": 20, "f": 1, "y": 90, "z": 10, "b ": 1}
    filled.register(jsonl(records(lengths)), pool="p")
    kept = filled.project.refresh_keeping("s")
    assert (kept.n_kept, kept.n_added, kept.n_gone, kept.n_unqualified) == (2, 2, 1, 0)
    assert prompts(filled, "s@2") == ["y", "a", "c", "d"]
    assert filled.verify("s@2").is_same
    filled.register(jsonl(records(lengths | {"w": 95, "v": 94, "u": 93, "t": 92})), pool="p")
    words = ["--home", str(filled.store.path), "refresh", "s", "--keep", "--json"]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert (found["n_kept"], found["n_added"], found["before"]) == (4, 2, "s@2")
    assert prompts(filled, "s@3") == ["w", "v", "y", "a", "c", "d"]


def test_a_smaller_pool_has_room_for_fewer(filled: Catalog, jsonl: Write) -> None:
    filled.register(jsonl(records({"a": 60, "b": 50, "c": 40, "d": 30})), pool="p")
    kept = filled.project.refresh_keeping("s")
    assert (kept.n_kept, kept.n_added, kept.n_gone, kept.n_surplus) == (2, 0, 0, 1)
    assert prompts(filled, "s") == ["a", "b"]


def test_keep_takes_no_other_budget(filled: Catalog) -> None:
    words = ["--home", str(filled.store.path), "refresh", "s", "--keep", "--budget", "2"]
    assert CliRunner().invoke(main, words).exit_code == 2
