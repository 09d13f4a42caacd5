"""The verdicts that the results page shows are those that the studies' rules give its own numbers."""

import importlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

STUDIES = Path(__file__).resolve().parent.parent.parent / "studies"
RESULTS = STUDIES.parent / "docs" / "results"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    monkeypatch.syspath_prepend(STUDIES)
    return importlib.import_module


def found(name: str) -> dict[str, Any]:
    return dict(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def test_the_regressions_claims_follow_from_its_own_rows(load: Callable[[str], ModuleType]) -> None:
    study, result = load("ila_regression"), found("ila_regression")
    runs = next(table["rows"] for table in result["tables"] if table["title"] == "Subsets")
    fits = study.fits_of(study.columns_of(runs))
    assert [asdict(claim) for claim in study.claims(runs, fits)] == result["claims"]
    assert round(fits["and the square of depth"]["r2"], 3) == 0.867
    assert round(study.turn(fits["and the square of depth"], "depth", most=1.0), 2) == 0.46


@pytest.mark.parametrize(("deep", "verdict"), [(-0.05, "holds"), (0.05, "holds in part")])
def test_a_loss_that_rises_again_with_the_depth_does_not_fall(
    load: Callable[[str], ModuleType], deep: float, verdict: str
) -> None:
    study = load("ila_regression")
    steps = {0.1: 0.0, 0.2: -0.1, 0.4: -0.2, 0.8: -0.2 + deep}  # what a depth adds to the loss
    runs = [
        {
            "share": share,
            "low": low,
            "seed": seed,
            "depth": low,
            "coverage": share,
            "response_tokens": 80 + seed,
            "loss": loss,
        }
        for share in (0.2, 0.4, 0.8)
        for seed in (0, 1, 2)
        for low, step in steps.items()
        for loss in [5 + step - 0.2 * share + 0.001 * seed]
    ]
    first = study.claims(runs, study.fits_of(study.columns_of(runs)))[0]
    assert first.verdict == verdict


def test_what_chance_reaches_too_is_no_merit_of_a_choice(load: Callable[[str], ModuleType]) -> None:
    credited = load("s2l_efficiency").credited
    assert credited([True, True], [False, False]) == "holds"
    assert credited([True, True], [True, True]) == "holds in part"
    assert credited([True, True], [False, True]) == "holds in part"
    assert credited([False, False], [True, True]) == "does not hold"


def test_the_claim_about_the_full_pool_names_chance(load: Callable[[str], ModuleType]) -> None:
    claim = found("s2l_efficiency")["claims"][1]
    assert claim["verdict"] == "holds in part"
    assert "random" in claim["measured"]


def test_the_scaling_study_agrees_with_the_regression_on_depth() -> None:
    depth = found("ila_regression")["claims"][0]
    assert depth["verdict"] == "holds in part"
    assert not any(
        "depth lowers the loss" in claim["why"] for claim in found("ila_scaling")["claims"]
    )
