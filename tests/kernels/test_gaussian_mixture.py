"""gaussian_mixture: against scikit-learn's mixture from the same start."""

from __future__ import annotations

import warnings

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels.gaussian_mixture import gaussian_mixture
from catalog.kernels.kmeans import kmeans
from tests.kernels.test_round_robin import relation
from tests.quick import few_of


def by_sklearn(x: np.ndarray, clusters: np.ndarray, iterations: int) -> tuple[np.ndarray, ...]:
    """Return component, surprisal and ambiguity of every row, from the same hard clusters."""
    from sklearn.mixture import GaussianMixture

    k = clusters.max() + 1
    weights = np.bincount(clusters) / len(x)
    means = np.array([x[clusters == cluster].mean(axis=0) for cluster in range(k)])
    variances = np.array([x[clusters == cluster].var(axis=0) for cluster in range(k)]) + 1e-6
    mixture = GaussianMixture(
        k,
        covariance_type="diag",
        max_iter=iterations,
        weights_init=weights / weights.sum(),
        means_init=means,
        precisions_init=1 / variances,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mixture.fit(x)
    shares = mixture.predict_proba(x)
    terms = np.where(shares > 0, shares * np.log(np.maximum(shares, 1e-300)), 0)
    return shares.argmax(axis=1), -mixture.score_samples(x), -terms.sum(axis=1)


@pytest.mark.parametrize(("k", "iterations"), few_of([(1, 5), (3, 1), (4, 100)], (4, 100)))
def test_a_mixture_is_that_of_the_library(k: int, iterations: int) -> None:
    draw = np.random.default_rng(k)
    x = draw.normal(size=(500, 5)) + 3 * draw.normal(size=(4, 5))[draw.integers(0, 4, 500)]
    rows = relation(x, "p", draw)
    answer = gaussian_mixture(rows, k=k, iterations=iterations)
    given = np.array(rows.sort_by("fingerprint")["v"].to_pylist(), dtype=np.float32)
    clusters = kmeans(rows, k=k, start="k-means++")["cluster"].to_numpy()
    expected = by_sklearn(given.astype(np.float64), clusters, iterations)
    for name, numbers in zip(("component", "surprisal", "ambiguity"), expected, strict=True):
        np.testing.assert_allclose(answer[name], numbers, rtol=1e-6, atol=1e-6)


def test_copies_are_equally_surprising_and_outliers_most() -> None:
    draw = np.random.default_rng(0)
    x = np.concatenate([draw.normal(size=(300, 4)), np.full((1, 4), 9.0)])
    x[:100] = x[100]
    answer = gaussian_mixture(relation(x, "p", np.random.default_rng(1)), k=2)
    surprisal = dict(zip(answer["fingerprint"].to_pylist(), answer["surprisal"].to_pylist()))  # noqa: B905
    names = relation(x, "p", np.random.default_rng(1))["fingerprint"].to_pylist()
    assert len({surprisal[name] for name in names[:101]}) == 1
    assert max(surprisal, key=lambda name: surprisal[name]) == names[-1]


def test_few_and_equal_rows_have_a_mixture() -> None:
    rows = pa.table({"fingerprint": ["a", "b", "c"], "v": [[1.0, 2.0]] * 3})
    answer = gaussian_mixture(rows, k=5)
    assert answer["component"].to_pylist() == [0, 0, 0]
    assert answer["ambiguity"].to_pylist() == [0.0, 0.0, 0.0]


def test_what_is_out_of_range_is_refused() -> None:
    rows = pa.table({"fingerprint": ["a"], "v": [[1.0]]})
    for options in ({"k": 0}, {"iterations": 0}):
        with pytest.raises(OptionError):
            gaussian_mixture(rows, **options)
    with pytest.raises(QueryError):
        gaussian_mixture(rows.slice(0, 0))
    with pytest.raises(MemoryLimitError):
        gaussian_mixture(rows, memory=1000)
