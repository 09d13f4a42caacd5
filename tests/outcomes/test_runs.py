"""Results of training are recorded against a version, and shown with it."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import OptionError, ReferenceNotFoundError
from tests.conftest import pairs
from tests.copies import made_once


@pytest.fixture
@made_once
def selected(catalog: Catalog, jsonl: Any) -> Catalog:
    """A pool, and two versions of a subset."""
    catalog.register(jsonl(pairs(10)), pool="p")
    catalog.select("random", "p", name="best", budget=4)
    catalog.select("random", "p", name="best", budget=3)
    return catalog


def invoke(catalog: Catalog, *words: str) -> Any:
    return CliRunner().invoke(main, ["--home", str(catalog.store.path), *words])


def test_a_run_is_recorded_against_a_version(selected: Catalog) -> None:
    run = selected.add_run("best@1", {"mmlu": 0.5, "gsm8k": 1}, note="é", url="https://w/1")
    assert (run.run_id, run.reference) == (1, "best@1")
    rows = selected.runs().to_dicts()
    assert [(row["metric"], row["value"]) for row in rows] == [("gsm8k", 1.0), ("mmlu", 0.5)]
    assert {(row["reference"], row["note"], row["url"]) for row in rows} == {
        ("best@1", "é", "https://w/1")
    }
    members = selected.sql("SELECT members_sha256 FROM subsets WHERE version = 1").item()
    assert {row["members_sha256"] for row in rows} == {members}


def test_runs_are_listed_by_name_or_version_the_newest_first(selected: Catalog) -> None:
    for reference in ("best@1", "best", "p"):
        selected.add_run(reference, {"loss": 1.5})
    assert selected.runs()["reference"].to_list() == ["p@1", "best@2", "best@1"]
    assert selected.runs("best")["run_id"].to_list() == [2, 1]
    assert selected.runs("best@1")["run_id"].to_list() == [1]
    selected.tag("best@1", "first")
    assert selected.runs("best@first")["run_id"].to_list() == [1]
    selected.drop("best")
    assert selected.runs("best")["run_id"].to_list() == [2, 1]
    assert selected.doctor() == []


def test_a_name_without_runs_has_none_and_an_unknown_one_is_refused(selected: Catalog) -> None:
    assert selected.runs("best").is_empty()
    for reference in ("nothing", "best@7"):
        with pytest.raises(ReferenceNotFoundError):
            selected.runs(reference)
        with pytest.raises(ReferenceNotFoundError):
            selected.add_run(reference, {"loss": 1.0})


@pytest.mark.parametrize(
    "metrics", [{}, {"": 1.0}, {"loss": math.nan}, {"loss": math.inf}, {"loss": "high"}]
)
def test_a_result_that_is_no_number_is_refused(selected: Catalog, metrics: Any) -> None:
    with pytest.raises(OptionError):
        selected.add_run("best", metrics)
    assert selected.runs().is_empty()


def test_lineage_leads_forward_to_runs(selected: Catalog) -> None:
    selected.add_run("best", {"mmlu": 0.5, 'a "b" <c>': 2}, note="n")
    found = selected.lineage("p")
    (run,) = [node for node in found.nodes if node.kind == "run"]
    assert ("subset best@2", run.id) in found.edges
    assert run.details["metrics"] == {"mmlu": 0.5, 'a "b" <c>': 2.0}
    assert [node.kind for node in selected.lineage("best@1").nodes] == ["file", "pool", "subset"]
    assert "mmlu 0.5" in invoke(selected, "lineage", "best").stdout
    assert "&lt;c&gt;" in invoke(selected, "lineage", "best", "--format", "svg").stdout


def test_the_commands_record_and_list(selected: Catalog) -> None:
    added = invoke(
        selected,
        "runs",
        "add",
        "best@1",
        "--metric",
        "mmlu=0.61",
        "--metric",
        "loss=1e-3",
        "--json",
    )
    assert json.loads(added.stdout)["metrics"] == {"mmlu": 0.61, "loss": 0.001}
    for words in (("runs",), ("runs", "best"), ("runs", "list", "best@1")):
        rows = json.loads(invoke(selected, *words, "--json").stdout)
        assert [(row["metric"], row["value"]) for row in rows] == [("loss", 0.001), ("mmlu", 0.61)]
    assert "mmlu" in invoke(selected, "runs").stdout
    assert "add" in invoke(selected, "runs", "--help").stdout
    for pair in ("mmlu", "mmlu=high", "mmlu=nan"):
        assert invoke(selected, "runs", "add", "best", "--metric", pair).exit_code in (1, 2)
    twice = invoke(selected, "runs", "add", "best", "--metric", "a=1", "--metric", "a=2")
    assert twice.exit_code == 2
    assert len(selected.runs()) == 2
