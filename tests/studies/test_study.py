"""Runs of a study: an interrupted study does not repeat finished runs."""

import importlib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parent.parent.parent / "studies")
    study_type = importlib.import_module("study").Study
    return study_type(
        "trial", "A trial", is_smoke=True, seeds=1, data=tmp_path, work=tmp_path, results=tmp_path
    )


@pytest.mark.parametrize(
    "key", [{"seed": 1}, {"budgets": (100, 400)}, {"size": {"shares": (3, 11), "k": [1, 2]}}]
)
def test_a_run_that_was_done_is_read_and_not_done_again(study: Any, key: dict[str, object]) -> None:
    first = study.run(key, lambda: {"loss": 1.5})
    assert study.run(key, lambda: pytest.fail("done again")) == first
    assert first["loss"] == 1.5


def test_a_run_under_another_key_is_done(study: Any) -> None:
    study.run({"seed": 1}, lambda: {"loss": 1.5})
    assert study.run({"seed": 2}, lambda: {"loss": 2.5})["loss"] == 2.5
