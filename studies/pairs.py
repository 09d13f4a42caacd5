"""Statistics of pairs: how distances of one kind relate to distances of another, in a sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata

Array = np.ndarray[Any, Any]


def gradient_statistics(slopes: Array, near: dict[str, Array], *, resamples: int) -> dict[str, Any]:
    """Compare distances of trajectories with distances of gradients.

    Returns:
        Estimates with 95 % intervals from resampled instructions.
    """
    apart = distances(slopes)
    turned = distances(slopes / np.linalg.norm(slopes, axis=1, keepdims=True))
    n = len(slopes)
    generator = np.random.default_rng(0)
    estimates = statistics(np.arange(n), apart, turned, near)
    resampled = [
        statistics(generator.integers(0, n, size=n), apart, turned, near) for _ in range(resamples)
    ]
    result: dict[str, Any] = {
        name: [
            value,
            *np.quantile([resample[name] for resample in resampled], [0.025, 0.975]).tolist(),
        ]
        for name, value in estimates.items()
    }
    left, right = np.triu_indices(n, k=1)
    for kind in ("trajectory", "embedding"):
        tenth = np.ceil(rankdata(near[kind][left, right]) * 10 / len(left)).astype(int) - 1
        result[f"gradient distance by tenth of {kind} distance"] = [
            float(apart[left, right][tenth == i].mean()) for i in range(10)
        ]
    return result


def statistics(
    rows: Array, apart: Array, turned: Array, near: dict[str, Array]
) -> dict[str, float]:
    """Return statistics over the pairs of different instructions among ``rows``.

    Returns:
        Rank correlations, and the ratio of gradient distances within and across clusters.
    """
    left, right = np.triu_indices(len(rows), k=1)
    left, right = rows[left], rows[right]
    left, right = left[left != right], right[left != right]
    is_within = near["cluster"][left] == near["cluster"][right]
    gap, angle = apart[left, right], turned[left, right]
    trajectory = near["trajectory"][left, right]
    return {
        "trajectory": spearman(trajectory, gap),
        "trajectory, within clusters": spearman(trajectory[is_within], gap[is_within]),
        "trajectory, across clusters": spearman(trajectory[~is_within], gap[~is_within]),
        "trajectory, direction": spearman(trajectory, angle),
        "last loss": spearman(near["last loss"][left, right], gap),
        "embedding": (embedding := spearman(near["embedding"][left, right], gap)),
        "embedding, direction": spearman(near["embedding"][left, right], angle),
        "lead over embedding": spearman(trajectory, gap) - embedding,
        "within over across": float(gap[is_within].mean() / gap[~is_within].mean()),
    }


def spearman(a: Array, b: Array) -> float:
    """Return the correlation of ranks; ties share theirs."""
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def distances(x: Array) -> Array:
    """Return the Euclidean distances, (n, n), of rows (n, d)."""
    squares = (x**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * (x @ x.T), 0))
