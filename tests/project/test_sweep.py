"""Sweeps: one subset for each combination of budgets, seeds and settings."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError
from catalog.project.sweep import trials

Run = Callable[..., Result]


@pytest.fixture
def run(catalog: Catalog, jsonl: Callable[..., Path]) -> Run:
    records = [{"instruction": f"question {i}", "output": "word " * (i + 1)} for i in range(30)]
    catalog.register(jsonl(records), pool="p")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["--home", str(catalog.store.path), *arguments])

    return run


def test_every_combination_is_a_subset_of_its_own(run: Run, catalog: Catalog) -> None:
    varied = ["--budget", "5", "--budget", "50%", "--seed", "0", "--seed", "1"]
    answer = run("select", "random", "p", *varied, "--as", "r-b{budget}-s{seed}", "--json")
    assert answer.exit_code == 0, answer.stderr
    found = {each["reference"]: each["n_members"] for each in json.loads(answer.stdout)}
    assert found == {"r-b5-s0@1": 5, "r-b5-s1@1": 5, "r-b50pct-s0@1": 15, "r-b50pct-s1@1": 15}
    members = {name: {*catalog.pool(name)["fingerprint"]} for name in found}
    assert members["r-b5-s0@1"] < members["r-b50pct-s0@1"]
    assert members["r-b5-s0@1"] != members["r-b5-s1@1"]


def test_one_selection_is_as_before(run: Run) -> None:
    answer = run("select", "random", "p", "--budget", "5", "--as", "r", "--json")
    assert json.loads(answer.stdout)["reference"] == "r@1"


def test_seeds_that_no_selector_reads_are_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "first.sql"
    file.write_text(
        "-- summary: The first rows. $seed is in a comment only.\n"
        "SELECT instruction_id FROM pool($pool) ORDER BY fingerprint LIMIT $budget\n"
    )
    seeds = ["--seed", "0", "--seed", "1", "--budget", "3", "--as", "x-s{seed}"]
    assert "reads no $seed" in run("select", str(file), "p", *seeds).stderr
    assert "reads no $seed" not in run("select", "random", "p", *seeds).stderr


def test_trials_are_the_product_and_settings_have_places() -> None:
    found = trials("s-{k}", budgets=["5"], seeds=[0], settings={"k": ["2", "a b"], "start": ["x"]})
    assert [(trial.name, trial.settings) for trial in found] == [
        ("s-2", {"k": "2", "start": "x"}),
        ("s-a-b", {"k": "a b", "start": "x"}),
    ]


@pytest.mark.parametrize("name", ["one", "b{budget}", "b{budget}-{sed}", "{}"])
def test_a_template_without_the_places_or_with_unknown_ones_is_refused(name: str) -> None:
    with pytest.raises(OptionError):
        trials(name, budgets=["5", "6"], seeds=[0, 1], settings={})
