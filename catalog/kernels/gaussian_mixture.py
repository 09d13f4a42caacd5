"""Fit a mixture of Gaussians with diagonal covariances to vectors, by expectation maximisation.

Dempster, Laird and Rubin 1977. The mixture's entropy is the mean surprisal of what it describes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import ForBlocks, require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels.kmeans import kmeans
from catalog.threads import n_threads

BLOCK = 4_096  # rows at a time
SMALLEST_VARIANCE = 1e-6
TOLERANCE = 1e-3  # nats a row; a step that gains less is the last


@kernel(
    version=1,
    adds={"component": "INTEGER", "surprisal": "DOUBLE", "ambiguity": "DOUBLE"},
    cached=True,
    reads="vectors",
)
def gaussian_mixture(
    points: pa.Table,
    *,
    k: int = 10,
    iterations: int = 100,
    seed: int = 0,
    memory: int | None = None,
) -> pa.Table:
    """Return how surprising every row is under a mixture, and how evenly components share it.

    The mixture starts from the clusters of `kmeans` (k-means++) and ends when a step raises the
    mean log-likelihood by less than 0.001 nats.

    Args:
        points: rows with one vector column of d numbers, taken as float32.
        k: components, 1 or more; as many as there are different vectors where these are fewer.
        iterations: steps at most, 1 or more.
        seed: of the clusters at the start.
        memory: bytes that it may hold: those of `kmeans`, ``32 n`` and ``16 x 4096 (d + k)`` a
            thread.

    Returns:
        The input without its vectors, ordered by fingerprint, with ``component`` (int32, the
        likeliest, numbered as its cluster), ``surprisal`` (float64, ``-log p(x)`` in nats) and
        ``ambiguity`` (float64, the entropy of the components given the row, in nats), both rounded
        to 9 digits.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no vector column, or vectors are NULL, of several lengths or not
            finite; or no rows.
        MemoryLimitError: it would not fit ``memory``.

    >>> vectors = [[0.0], [1.0], [9.0], [10.0]]
    >>> points = pa.table({"fingerprint": ["a", "b", "c", "d"], "v": vectors})
    >>> gaussian_mixture(points, k=2)["component"].to_pylist()
    [0, 0, 1, 1]
    """
    if k < 1:
        raise OptionError(f"gaussian_mixture: k => {k} must be 1 or more")
    if iterations < 1:
        raise OptionError(f"gaussian_mixture: iterations => {iterations} must be 1 or more")
    rows = canonical(points)
    if not rows.num_rows:
        raise QueryError("gaussian_mixture: the relation has no rows; look at its WHERE")
    column = vector_column(rows, function="gaussian_mixture")
    x = matrix(rows, column, function="gaussian_mixture")
    n, d = x.shape
    require_memory(
        32 * n + n_threads() * 16 * BLOCK * (d + k),
        memory,
        purpose=f"gaussian_mixture of {n:,} x {d:,} with {k:,} components",
        instead="raise the limit, or reduce the vectors with pca",
    )
    require_finite(x, column, function="gaussian_mixture")
    clusters = kmeans(rows, k=k, seed=seed, start="k-means++", memory=memory)["cluster"]
    with row_blocks() as for_blocks:
        component, surprisal, ambiguity = _described(x, clusters.to_numpy(), iterations, for_blocks)
    return with_columns(
        rows,
        without=column,
        component=component,
        surprisal=np.round(surprisal, 9),
        ambiguity=np.round(ambiguity, 9) + 0.0,
    )


@dataclass(frozen=True)
class Mixture:
    """Mixture of k Gaussians of d dimensions.

    Attributes:
        weights: shape (k,), sum 1.
        means: shape (k, d).
        variances: shape (k, d).
    """

    weights: Numbers
    means: Numbers
    variances: Numbers

    def joint(self, x: Numbers) -> Numbers:
        """Return the log of each component's weight and density at each row: (n, k)."""
        precisions = 1 / self.variances
        constant = np.log(self.weights) - 0.5 * (
            x.shape[1] * math.log(2 * math.pi)
            + np.log(self.variances).sum(axis=1)
            + (self.means**2 * precisions).sum(axis=1)
        )
        joint: Numbers = constant + x @ (self.means * precisions).T - 0.5 * (x**2 @ precisions.T)
        return joint


@dataclass(frozen=True)
class Moments:
    """Sums over rows, weighted by each component's share: (k,), (k, d), (k, d)."""

    counts: Numbers
    sums: Numbers
    squares: Numbers

    def mixture(self) -> Mixture:
        """Return the likeliest mixture of these moments."""
        counts = self.counts + 10 * np.finfo(np.float64).eps
        means = self.sums / counts[:, None]
        variances = np.maximum(self.squares / counts[:, None] - means**2, 0) + SMALLEST_VARIANCE
        return Mixture(counts / counts.sum(), means, variances)


def _described(
    x: Array, clusters: Rows, iterations: int, for_blocks: ForBlocks[tuple[Numbers, ...]]
) -> tuple[Rows, Numbers, Numbers]:
    """Return component, surprisal and ambiguity of every row: (n,) each."""
    origin = x.mean(axis=0, dtype=np.float64)
    k = int(clusters.max()) + 1

    def centred(start: int, stop: int) -> Numbers:
        block: Numbers = x[start:stop] - origin
        return block

    def started(start: int, stop: int) -> tuple[Numbers, ...]:
        shares = np.zeros((stop - start, k))
        shares[np.arange(stop - start), clusters[start:stop]] = 1
        return _sums(centred(start, stop), shares)

    def stepped(start: int, stop: int) -> tuple[Numbers, ...]:
        block = centred(start, stop)
        shares, log_density = _shares(mixture.joint(block))
        return (*_sums(block, shares), log_density.sum())

    mixture = _total(for_blocks(started, len(x), BLOCK)).mixture()
    before = -math.inf
    for _ in range(iterations):
        parts = for_blocks(stepped, len(x), BLOCK)
        mean = float(np.sum([part[3] for part in parts])) / len(x)
        mixture = _total(parts).mixture()
        if mean - before < TOLERANCE:
            break
        before = mean

    def described(start: int, stop: int) -> tuple[Numbers, ...]:
        shares, log_density = _shares(mixture.joint(centred(start, stop)))
        terms = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0)
        return shares.argmax(axis=1), -log_density, -terms.sum(axis=1)

    answers = for_blocks(described, len(x), BLOCK)
    component, surprisal, ambiguity = (
        np.concatenate([answer[part] for answer in answers]) for part in range(3)
    )
    return component.astype(np.int32), surprisal, ambiguity


def _shares(joint: Numbers) -> tuple[Numbers, Numbers]:
    """Return each component's share of every row, (n, k), and the log-density, (n,)."""
    highest = joint.max(axis=1, keepdims=True)
    weights = np.exp(joint - highest)
    total = weights.sum(axis=1, keepdims=True)
    return weights / total, (highest + np.log(total))[:, 0]


def _sums(x: Numbers, shares: Numbers) -> tuple[Numbers, ...]:
    return shares.sum(axis=0), shares.T @ x, shares.T @ x**2


def _total(parts: list[tuple[Numbers, ...]]) -> Moments:
    return Moments(*(np.sum([part[place] for part in parts], axis=0) for place in range(3)))
