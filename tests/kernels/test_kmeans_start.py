"""How often S2L draws rare shapes of trajectories, against the published procedure on faiss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.kernels.kmeans import Start, kmeans
from tests.quick import few_of

Array = np.ndarray[Any, Any]

K, BUDGET = 20, 100
KINDS = ("common", "rare", "outlier")
# Mean share of each kind that is drawn over 200 seeds, and its standard error, by
# benchmarks/s2l_start.py with faiss-cpu 1.15.1.
BY_FAISS = {"common": (0.0597, 0.0002), "rare": (0.261, 0.0086), "outlier": (0.3095, 0.0098)}


def shapes() -> tuple[Array, Array]:
    """Return trajectories (1500, 12), float32, and the kind of each: 97 %, 1 % and 2 %."""
    generator = np.random.default_rng(0)
    steps = np.arange(12)
    common = np.stack([2.5 * np.exp(-rate * steps) for rate in (0.05, 0.1, 0.2, 0.35, 0.6)])
    rows = common[generator.integers(0, 5, 1455)] + 0.15 * generator.normal(size=(1455, 12))
    rare = 1.0 + 0.1 * steps + 0.15 * generator.normal(size=(15, 12))
    outliers = generator.uniform(0, 6, size=(30, 12))
    losses = np.concatenate([rows, rare, outliers]).astype(np.float32)
    return losses, np.repeat([0, 1, 2], [1455, 15, 30])


def inclusion(labels: Array, kinds: Array, *, budget: int, seed: int) -> Array:
    """Return the share of each kind that an even draw from the clusters takes, (3,)."""
    generator = np.random.default_rng(seed)
    clusters = sorted((np.flatnonzero(labels == label) for label in np.unique(labels)), key=len)
    chosen: list[int] = []
    for place, cluster in enumerate(clusters):
        share = (budget - len(chosen)) // (len(clusters) - place)
        chosen += generator.permutation(cluster)[:share].tolist()
    return np.bincount(kinds[chosen], minlength=3) / np.bincount(kinds)


def table(losses: Array) -> pa.Table:
    return pa.table(
        {
            "fingerprint": [f"{row:06}" for row in range(len(losses))],
            "losses": pa.FixedSizeListArray.from_arrays(pa.array(losses.ravel()), 12),
        }
    )


def shares(start: Start, n_seeds: int) -> Array:
    """Return the share of each kind that is drawn, by seed, (n_seeds, 3)."""
    losses, kinds = shapes()
    points = table(losses)
    return np.stack(
        [
            inclusion(
                kmeans(points, k=K, seed=seed, start=start)["cluster"].to_numpy(),
                kinds,
                budget=BUDGET,
                seed=seed,
            )
            for seed in range(n_seeds)
        ]
    )


@pytest.mark.parametrize("n_seeds", few_of([12, 40, 200], 12))
def test_the_random_start_draws_every_kind_as_often_as_the_published_procedure(
    n_seeds: int,
) -> None:
    ours = shares("random", n_seeds)
    for kind, values in zip(KINDS, ours.T, strict=True):
        mean, error = BY_FAISS[kind]
        sampling_error = np.hypot(values.std() / n_seeds**0.5, error)
        assert abs(values.mean() - mean) < 3 * sampling_error, (kind, values.mean(), mean)


def test_the_spread_start_draws_rare_kinds_far_more_often() -> None:
    _, rare, outlier = shares("k-means++", 10).mean(axis=0)
    assert rare > 1.5 * BY_FAISS["rare"][0]
    assert outlier > BY_FAISS["outlier"][0]


def test_the_default_start_is_the_published_one() -> None:
    points = table(shapes()[0])
    assert kmeans(points, k=K, seed=3).equals(kmeans(points, k=K, seed=3, start="random"))
