"""Globs of subsets: drop, tag, verify and export."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from tests.copies import made_once

Run = Callable[..., Result]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """Subset `a-1`, subset `a-2` that was made from it, and subset `b`."""
    records = [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(9)]
    catalog.register(jsonl(records), pool="a-pool")
    catalog.select("random", "a-pool", budget=6, name="a-1")
    catalog.select("random", "a-1", budget=3, name="a-2")
    catalog.select("random", "a-pool", budget=2, name="b")
    return catalog


@pytest.fixture
def run(filled: Catalog) -> Run:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--home", str(filled.store.path), *arguments])

    return run


def test_verify_runs_every_subset_that_matches(run: Run, catalog: Catalog) -> None:
    answer = run("verify", "a-*", "--json")
    assert [each["reference"] for each in json.loads(answer.stdout)] == ["a-2@1", "a-1@1"]
    assert answer.exit_code == 0
    with catalog.store.writing() as connection:
        connection.execute("DELETE FROM subset_members WHERE rank = 6")
    answer = run("verify", "*")
    assert (answer.exit_code, answer.stdout.count("@1: ")) == (3, 3)


def test_tag_and_export_take_each_of_them(run: Run, tmp_path: Path) -> None:
    assert run("tag", "a-?", "study1").exit_code == 0
    assert run("show", "a-1@study1").exit_code == 0
    assert run("show", "b@study1").exit_code == 1
    answer = run("export", "a-*@study1", "-o", str(tmp_path / "{name}.jsonl"), "--json")
    assert answer.exit_code == 0, answer.stderr
    assert len(json.loads(answer.stdout)) == 2
    lines = (tmp_path / "a-2@study1.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert run("export", "a-*", "-o", str(tmp_path / "all.jsonl")).exit_code == 2


def test_drop_removes_subsets_before_those_they_were_made_from_and_no_pool(
    run: Run, catalog: Catalog
) -> None:
    assert run("drop", "a-*", "--yes").exit_code == 0
    assert catalog.subsets()["name"].to_list() == ["b"]
    assert catalog.pools()["name"].to_list() == ["a-pool"]
    assert run("drop", "a-*", "--yes").exit_code == 1
