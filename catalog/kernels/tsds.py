"""Probabilities of rows by optimal transport to a target, held apart from near-duplicates.

Liu, Karbasi and Rekatsinas, NeurIPS 2024, "TSDS: Data Selection for Task-Specific Model
Finetuning", arXiv 2410.11303.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from catalog.errors import QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arguments import require_arguments
from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.relation import with_columns
from catalog.kernels._common.similarity import similar_pairs
from catalog.kernels._common.vector_pairs import vector_pair
from catalog.kernels.nearest import neighbours
from catalog.threads import n_threads


@kernel(version=1, adds={"probability": "DOUBLE"}, reads="vectors")
def tsds(
    rows: pa.Table,
    targets: pa.Table,
    *,
    sigma: float = 0.75,
    alpha: float = 0.5,
    scale: float = 5.0,
    neighbors: int = 5_000,
    memory: int | None = None,
) -> pa.Table:
    """Give rows probabilities that match a target's distribution and spread over the pool.

    Every target sends a mass of ``1 / m`` to its nearest rows, nearest first. A row takes at most
    ``1 / (m s kde)`` of a target, where ``kde`` is the sum of ``1 - d^2 / sigma^2`` over the rows
    within ``sigma`` of it, itself included. The single ``s`` is the largest at which spreading the
    mass farther is still worth the distance: ``alpha / scale * cost < (1 - alpha) * m``.

    Distances are Euclidean between vectors scaled to length one, from the cosines of `nearest`. The
    density counts every pair of rows that is a neighbour of some target; the authors' code counts
    the 1,000 nearest, found by an approximate index.

    Args:
        rows: rows with ``fingerprint`` and one vector column of d numbers.
        targets: rows with one vector column of d numbers.
        sigma: size of the density's kernel, 0 to 1.41; 0 leaves near-duplicates alone.
        alpha: weight of distance against diversity, above 0 and below 1.
        scale: the paper's C, a distance that counts as far, above 0.
        neighbors: nearest rows of a target that can get a probability, 2 or more; a tenth of the
            rows where that is fewer.
        memory: bytes that it may hold: ``12 d`` a row, ``8 d`` a target, 200 for each neighbour of
            each target, and 98 MiB a thread.

    Returns:
        The rows by fingerprint without their vectors, with ``probability`` (float64); they add to
        one, and most are 0.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no target or no vector column, or vectors are NULL, of unlike lengths
            or not finite.
        MemoryLimitError: it would not fit ``memory``.

    >>> vectors = [[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]
    >>> rows = pa.table({"fingerprint": ["a", "b", "c"], "v": vectors})
    >>> targets = pa.table({"fingerprint": ["t"], "v": [[1.0, 0.1]]})
    >>> tsds(rows, targets, alpha=0.9)["probability"].to_pylist()
    [1.0, 0.0, 0.0]
    """
    _require_arguments(sigma=sigma, alpha=alpha, scale=scale, neighbors=neighbors)
    (left, _right), (x, y) = vector_pair(rows, targets, function="tsds", others="targets")
    if not len(y):
        raise QueryError("tsds: there is no target; select at least one row")
    k = min(len(x), neighbors, max(2, len(x) // 10))
    require_memory(
        12 * x.size + 8 * y.size + 200 * len(y) * k + n_threads() * (98 << 20),
        memory,
        purpose=f"tsds of {len(y):,} targets among {len(x):,} x {x.shape[1]}",
        instead="raise the limit, or lower neighbors",
    )
    if not len(x):
        return with_columns(left, probability=np.empty(0))
    near = _nearest(x, y, k)
    densities = _densities(x, np.unique(near.rows), sigma)
    probability = _probabilities(near, densities, alpha=alpha, scale=scale)
    return with_columns(left, probability=probability)


def _require_arguments(*, sigma: float, alpha: float, scale: float, neighbors: int) -> None:
    require_arguments(
        (0 <= sigma < math.sqrt(2), f"sigma => {sigma} must be at least 0 and below 1.4142"),
        (0 < alpha < 1, f"alpha => {alpha} must be above 0 and below 1"),
        (scale > 0, f"scale => {scale} must be above 0"),
        (neighbors >= 2, f"neighbors => {neighbors} must be at least 2"),
        function="tsds",
    )


class _Nearest(NamedTuple):
    """The nearest rows of every target, nearest first: rows and distances, (m, k)."""

    rows: Rows
    distances: Numbers


def _nearest(x: Vectors, y: Vectors, k: int) -> _Nearest:
    _, candidate, similarity = neighbours(x, y, k, np.full(len(y), -1))
    distances = np.sqrt(np.maximum(2 - 2 * similarity, 0))
    return _Nearest(candidate.reshape(-1, k), distances.reshape(-1, k))


def _densities(x: Vectors, rows: Rows, sigma: float) -> Numbers:
    """Return the kernel density of some rows among themselves, 1 for all others: (n,) float64."""
    densities = np.ones(len(x))
    if sigma > 0:
        among = np.zeros(len(rows))
        least = 1 - sigma**2 / 2  # the cosine at a distance of sigma
        with row_blocks() as for_blocks:
            for i, j, cosines in similar_pairs(x[rows], least, for_blocks):
                weights = np.minimum(1 - (2 - 2 * cosines) / sigma**2, 1)
                among += np.bincount(i, weights, len(rows)) + np.bincount(j, weights, len(rows))
        densities[rows] += among
    return densities


def _probabilities(near: _Nearest, densities: Numbers, *, alpha: float, scale: float) -> Numbers:
    """Return the probability of every row: (n,) float64.

    Target j spreads over its first k + 1 rows from ``s = filled[j, k]`` on, and going on then costs
    ``costs[j, k]``. All such steps are sorted by s, which is the order in which a heap yields them.
    """
    m = len(near.rows)
    shares = 1 / densities[near.rows]  # (m, k)
    filled = np.cumsum(shares, axis=1)[:, :-1]
    spent = np.cumsum(near.distances * shares, axis=1)[:, :-1]
    costs = near.distances[:, 1:] * filled - spent  # (m, k - 1)
    target, step = (each.reshape(-1) for each in np.indices(filled.shape))
    order = np.lexsort((target, step, filled.reshape(-1)))
    totals = np.cumsum(np.diff(costs, axis=1, prepend=0).reshape(-1)[order])
    stops = np.flatnonzero(alpha / scale * totals >= (1 - alpha) * m)
    n_steps = int(stops[0]) if len(stops) else max(len(order) - 1, 0)
    s = filled.reshape(-1)[order[n_steps]] if len(order) else math.inf
    masses = np.minimum(np.cumsum(shares, axis=1) / s, 1) / m  # (m, k), of the first rows together
    masses[:, -1] = 1 / m
    each = np.diff(masses, axis=1, prepend=0)
    probability = np.bincount(near.rows.reshape(-1), each.reshape(-1), len(densities))
    total: Numbers = probability / probability.sum()
    return total
