"""Definitions on the command line: texts, budgets, precisions, and changing selectors."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from tests.cli.conftest import Run
from tests.copies import made_once

MINE = """-- summary: The first.
-- param: skip integer = 0 [0..5]  left out
-- A sentence.
SELECT instruction_id, fingerprint FROM pool($pool)
WHERE row_number >= $skip ORDER BY fingerprint LIMIT $budget
"""


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    catalog.register(
        jsonl([{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(12)]),
        pool="p",
    )
    return catalog


@pytest.fixture
def mine(filled: Catalog, tmp_path: Path) -> Path:
    """A selector's file, beside a pool of 12."""
    path = tmp_path / "mine.sql"
    path.write_text(MINE)
    return path


def test_show_prints_the_text_that_made_a_subset_and_its_definition(
    run: Run, catalog: Catalog, mine: Path
) -> None:
    run("select", str(mine), "p", "--budget", "50%", "--as", "few")
    shown = run("show", "few").stdout
    assert all(line in shown for line in MINE.splitlines() if line.startswith("-- "))
    assert all(word in shown for word in ("$pool", "row_number >= $skip", "LIMIT $budget"))
    assert "mine of p@1, budget 50% (6), seed 0, skip 0\n" in shown
    plain = json.loads(run("show", "few", "--json").stdout)
    assert (plain["selector_text"], plain["budget_asked"], plain["definition"]["budget"]) == (
        MINE,
        "50%",
        6,
    )
    with catalog.store.writing() as connection:
        connection.execute("UPDATE subsets SET selector_text = NULL, budget_asked = NULL")
    shown = run("show", "few").stdout
    assert "version 0.1" in shown
    assert "budget 6, " in shown


def test_another_selector_under_a_name_and_a_budget_for_the_next_version(
    run: Run, mine: Path
) -> None:
    run("select", "random", "p", "--budget", "all", "--as", "few")
    refused = run("select", str(mine), "p", "--budget", "5", "--as", "few")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "few@1 was made by random, this would be mine" in refused.stderr
    assert run(
        "select", str(mine), "p", "--budget", "5", "--as", "few", "--supersede"
    ).stdout.startswith("few@2: 5 members")
    assert run("refresh", "few", "--budget", "25%").stdout.startswith("few@3: 3 members")


def test_adding_a_selector_says_what_it_replaces_and_one_is_removed(run: Run, mine: Path) -> None:
    assert "replaces" not in run("selectors", "add", str(mine)).stderr
    assert "the same text" in run("selectors", "add", str(mine)).stderr
    mine.write_text(MINE.replace("The first", "Another"))
    assert "another text" in run("selectors", "add", str(mine)).stderr
    run("select", "mine", "p", "--budget", "3", "--as", "few")
    assert run("selectors", "remove", "mine").exit_code == 0
    assert run("select", "mine", "p", "--budget", "3", "--as", "other").exit_code == 1
    assert run("verify", "few").exit_code == 0
    for name, code, message in (
        ("random", 2, "comes with the catalog"),
        ("mine", 1, "keeps no selector named mine"),
    ):
        refused = run("selectors", "remove", name)
        assert (refused.exit_code, message in refused.stderr) == (code, True)


@pytest.mark.slow
@pytest.mark.usefixtures("mine")
def test_embedding_says_which_precision_it_chose_and_why(run: Run, catalog: Catalog) -> None:
    made = run("embed", "p")
    assert "precision float32: the default on every machine" in made.stderr
    assert "precision float32: 12 members of p@1 have vectors in it" in run("embed", "p").stderr
    assert "precision" not in run("embed", "p", "--precision", "float32").stderr
    catalog.select("k_center", "p", budget=3, name="spread")
    assert (
        "embedding all-MiniLM-L6-v2, precision float32, identity " in run("show", "spread").stdout
    )
