"""Agreement of scores, against scipy and scikit-learn."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog import Catalog
from catalog.cli import main
from catalog.compute.scores.agreement import bootstrap, spearman, weighted_kappa
from catalog.errors import OptionError, SignalError
from tests import quick
from tests.conftest import pairs
from tests.copies import made_once
from tests.quick import examples, few_of

RATINGS = st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=3, max_size=30)
N = 200


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resample less often in the default suite."""
    if quick.is_default:
        monkeypatch.setattr("catalog.compute.scores.agreement.N_BOOTSTRAP", 100)


def columns() -> dict[str, np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    quality = rng.integers(1, 7, N).astype(float)
    noisy = np.clip(quality + rng.integers(-1, 2, N), 1, 6)
    return {"quality": quality, "noisy": noisy, "loss": -quality + rng.normal(size=N)}


@pytest.fixture
@made_once
def pool(catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path) -> Catalog:
    """Two hundred members with three scores."""
    catalog.register(jsonl(pairs(N)), pool="p")
    for name, column in columns().items():
        np.save(tmp_path / f"{name}.npy", column)
        catalog.import_scores("p", tmp_path / f"{name}.npy", name=name)
    return catalog


@given(RATINGS)
@settings(max_examples=examples(100))
def test_correlation_and_kappa_are_those_of_the_libraries(ratings: list[tuple[int, int]]) -> None:
    from scipy.stats import spearmanr
    from sklearn.metrics import cohen_kappa_score

    x, y = np.array(ratings, dtype=float).T
    constant = min(np.ptp(x), np.ptp(y)) == 0
    assert np.isnan(spearman(x, y)) == constant
    if not constant:
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)
        expected = cohen_kappa_score(x, y, weights="quadratic", labels=[1, 2, 3, 4, 5])
        assert weighted_kappa(x, y) == pytest.approx(expected, abs=1e-12)


@pytest.mark.slow
def test_the_interval_covers_the_true_correlation() -> None:
    rng = np.random.default_rng(0)
    rho, n_covered = 0.5, 0
    for seed in range(40):
        x = rng.normal(size=100)
        y = rho * x + np.sqrt(1 - rho**2) * rng.normal(size=100)
        low, high = bootstrap(x, y, seed=seed)
        n_covered += low < 6 / np.pi * np.arcsin(rho / 2) < high
    assert n_covered >= 34


def test_scores_of_a_pool_are_compared_pair_by_pair(pool: Catalog) -> None:
    from scipy.stats import spearmanr

    first, second, third = pool.agreement("p", "quality", "noisy", "loss")
    numbers = columns()
    assert (first.first, first.second, first.n) == ("quality", "noisy", N)
    expected = spearmanr(numbers["quality"], numbers["noisy"]).statistic
    assert first.spearman == pytest.approx(expected)
    assert first.low < expected < first.high
    assert first.exact == pytest.approx(np.mean(numbers["quality"] == numbers["noisy"]))
    assert first.kappa is not None
    assert first.kappa > 0.8
    assert (second.kappa, third.exact) == (None, None)
    assert second.spearman < -0.7
    assert pool.agreement("p", "quality", "noisy") == [first]


def test_agreement_from_the_command_line(pool: Catalog) -> None:
    command = ["--home", str(pool.store.path), "agreement", "quality", "loss", "p", "--json"]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0
    assert [row["n"] for row in json.loads(result.stdout)] == [N]


@pytest.mark.parametrize("ending", few_of([".svg", ".png", ".html"], ".svg"))
def test_agreement_is_drawn_with_every_score_and_its_numbers(
    pool: Catalog, tmp_path: Path, ending: str
) -> None:
    file = tmp_path / f"agreement{ending}"
    command = ["--home", str(pool.store.path), "agreement", "quality", "noisy", "loss", "p"]
    result = CliRunner().invoke(main, [*command, "-o", str(file)])
    assert result.exit_code == 0, result.output
    content = file.read_bytes()
    if ending == ".png":
        assert content.startswith(b"\x89PNG")
        return
    text = content.decode()
    (first, *_) = pool.agreement("p", "quality", "noisy")
    assert text.count("<svg") == 1
    assert all(f"<!-- {name} -->" in text for name in ("quality", "noisy", "loss"))
    assert f"[{first.low:.2f}, {first.high:.2f}]" in text
    assert "<script" not in text
    assert CliRunner().invoke(main, [*command, "-o", str(file)]).exit_code == 0
    assert file.read_bytes() == content


def test_a_picture_of_another_ending_is_refused_before_the_work(pool: Catalog) -> None:
    command = ["--home", str(pool.store.path), "agreement", "quality", "nothing", "p"]
    result = CliRunner().invoke(main, [*command, "-o", "agreement.pdf"])
    assert result.exit_code == 2
    assert ".html" in result.stderr


def test_scores_that_cannot_be_compared_are_refused(pool: Catalog) -> None:
    with pytest.raises(OptionError):
        pool.agreement("p", "quality")
    with pytest.raises(OptionError):
        pool.agreement("p", "quality", "quality")
    with pytest.raises(SignalError, match="quality"):
        pool.agreement("p", "noisy", "qualty")
