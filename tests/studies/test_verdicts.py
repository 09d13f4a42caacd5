"""The published verdicts follow from the studies' rules and their published numbers."""

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


def published(name: str) -> dict[str, Any]:
    return dict(json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")))


def test_the_regressions_claims_follow_from_its_own_rows(load: Callable[[str], ModuleType]) -> None:
    regression, report = load("ila_regression_fits"), load("ila_regression_claims")
    result = published("ila_regression")
    runs = next(table["rows"] for table in result["tables"] if table["title"] == "Subsets")
    fits = regression.fits_of(regression.columns_of(runs))
    assert [asdict(claim) for claim in report.claims(runs, fits)] == result["claims"]
    curved = fits["and the square of depth"]
    assert round(curved["r2"], 3) == 0.867
    assert round(regression.turning_point(curved, "depth", most=1.0), 2) == 0.46


@pytest.mark.parametrize(("deep", "verdict"), [(-0.05, "holds"), (0.05, "holds in part")])
def test_a_loss_that_rises_again_with_the_depth_does_not_fall(
    load: Callable[[str], ModuleType], deep: float, verdict: str
) -> None:
    regression, report = load("ila_regression_fits"), load("ila_regression_claims")
    steps = {0.1: 0.0, 0.2: -0.1, 0.4: -0.2, 0.8: -0.2 + deep}  # what each depth adds to the loss
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
    first = report.claims(runs, regression.fits_of(regression.columns_of(runs)))[0]
    assert first.verdict == verdict


def test_a_choice_gets_no_credit_for_what_chance_reaches(load: Callable[[str], ModuleType]) -> None:
    credited = load("s2l_efficiency_claims").credited
    assert credited([True, True], [False, False]) == "holds"
    assert credited([True, True], [True, True]) == "holds in part"
    assert credited([True, True], [False, True]) == "holds in part"
    assert credited([False, False], [True, True]) == "does not hold"


def test_the_claim_about_the_full_pool_names_chance(load: Callable[[str], ModuleType]) -> None:
    claim = published("s2l_efficiency")["claims"][1]
    assert claim["verdict"] == "holds in part"
    assert "random" in claim["measured"]


def test_the_scaling_study_agrees_with_the_regression_on_depth() -> None:
    depth = published("ila_regression")["claims"][0]
    assert depth["verdict"] == "holds in part"
    assert not any(
        "depth lowers the loss" in claim["why"] for claim in published("ila_scaling")["claims"]
    )
