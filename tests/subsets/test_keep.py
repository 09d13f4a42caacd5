"""Refreshing with little churn: what still qualifies stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def refreshed(catalog: Catalog, *words: str) -> dict[str, Any]:
    """Return the answer of `refresh --keep --json`."""
    home = ["--home", str(catalog.store.path)]
    answer = CliRunner().invoke(main, [*home, "refresh", *words, "--keep", "--json"])
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
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
    kept = filled.refresh("s", keep=True).churn
    assert kept is not None
    assert (kept.n_kept, kept.n_added, kept.n_gone, kept.n_unqualified) == (2, 2, 1, 0)
    assert prompts(filled, "s@2") == ["y", "a", "c", "d"]
    assert filled.verify("s@2").is_same
    filled.register(jsonl(records(lengths | {"w": 95, "v": 94, "u": 93, "t": 92})), pool="p")
    found = refreshed(filled, "s")
    assert (found["n_kept"], found["n_added"], found["before"]) == (4, 2, "s@2")
    assert prompts(filled, "s@3") == ["w", "v", "y", "a", "c", "d"]


def test_a_smaller_pool_has_room_for_fewer(filled: Catalog, jsonl: Write) -> None:
    filled.register(jsonl(records({"a": 60, "b": 50, "c": 40, "d": 30})), pool="p")
    kept = filled.refresh("s", keep=True).churn
    assert kept is not None
    assert (kept.n_kept, kept.n_added, kept.n_gone, kept.n_surplus) == (2, 0, 0, 1)
    assert prompts(filled, "s") == ["a", "b"]


def test_keep_takes_no_other_budget(filled: Catalog) -> None:
    words = ["--home", str(filled.store.path), "refresh", "s", "--keep", "--budget", "2"]
    assert CliRunner().invoke(main, words).exit_code == 2


@pytest.mark.slow
def test_groups_stay_and_sources_are_refreshed_first(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    narrowed = filled.project.select_where("p", where="length(response) < 55").reference
    filled.select(tmp_path / "long.sql", str(narrowed), budget=2, name="n", group="study")
    assert prompts(filled, "n") == ["b", "c"]
    filled.register(jsonl(records({"a": 60, "c": 40, "d": 30, "y": 52})), pool="p")
    kept = filled.refresh("n", keep=True).churn
    assert kept is not None
    assert (kept.n_kept, kept.n_added, kept.n_gone) == (1, 1, 1)
    assert prompts(filled, "n@2") == ["y", "c"]
    assert filled.show("n@2").record["group_name"] == "study"


@pytest.mark.slow
def test_signals_of_the_selection_are_computed_again_and_again(
    filled: Catalog, jsonl: Write, tmp_path: Path
) -> None:
    file = tmp_path / "scored.sql"
    file.write_text(
        "-- summary: The longest.\nSELECT instruction_id FROM scores($pool) ORDER BY length DESC "
        "LIMIT $budget\n"
    )
    filled.score("p", "length")
    filled.select(file, "p", budget=2, name="n")
    for number, name in enumerate(("y", "z"), start=2):
        filled.register(
            jsonl(records({name: 90 + number}), f"{name}.jsonl"), pool="p", mode="append"
        )
        assert refreshed(filled, "n", "--compute")["n_kept"] == 2
        assert filled.verify(f"n@{number}").is_same
