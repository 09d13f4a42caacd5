"""Measure how crowded each row's neighbourhood is: a kernel density estimate over vectors.

Sachdeva et al., "How to train data-efficient LLMs" (arXiv 2402.09668) draw rows with probability
inverse to it; FisherSFT (arXiv 2505.14826) compares with that. They sketch the sums by hashing;
here they are exact over a sample of kernels.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import ForBlocks, require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels._common.sample import drawn_rows
from catalog.kernels._common.spread import Spread
from catalog.threads import n_threads

ROWS = 1_024
KERNELS = 4_096
PRECISE = 256  # squared lengths over 2 bandwidth^2 up to which float32 is right to 1e-4
ROUNDING = 1e-12  # of two squared lengths, that a squared distance may be off
SPREAD = 1_000  # rows whose distances set the default bandwidth


@kernel(version=2, adds={"density": "DOUBLE"}, cached=True, reads="vectors")
def density(
    points: pa.Table,
    *,
    bandwidth: float | None = None,
    sample: int | None = 20_000,
    seed: int = 0,
    memory: int | None = None,
) -> pa.Table:
    """Return each row's density: the mean of a Gaussian kernel over a sample of rows.

    The kernel is ``exp(-|x - y|^2 / (2 bandwidth^2))``.

    A row's own kernel always counts, so that a density is never 0 and its inverse is a number: ``(1
    + sum over the sampled others) / (1 + number of sampled others)``. Time grows with n times
    sample times d.

    Args:
        points: rows with one vector column of d numbers, taken as float32.
        bandwidth: reach of the kernel, above 0; None takes a quarter of the median distance of
            1,000 drawn rows that are not equal (a choice of ours), and 1 where all are.
        sample: kernels, 1 or more, drawn by a hash of fingerprint and seed; None takes all rows.
        seed: of both draws.
        memory: bytes that it may hold: ``8 n + 16 sample d``, and ``64 MiB + 16384 d`` a thread.

    Returns:
        The input without its vectors, ordered by fingerprint, and ``density`` (float64, above 0, up
        to 1).

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no vector column, or vectors that are NULL, of several lengths or not
            finite; or no rows.
        MemoryLimitError: it would not fit ``memory``.

    >>> points = pa.table({"fingerprint": ["a", "b", "c"], "v": [[0.0], [0.0], [9.0]]})
    >>> [round(value, 3) for value in density(points, bandwidth=1.0)["density"].to_pylist()]
    [0.667, 0.667, 0.333]
    """
    if bandwidth is not None and not bandwidth > 0:
        raise OptionError(
            f"density: bandwidth => {bandwidth} must be above 0, "
            "or NULL for a quarter of the median distance"
        )
    if sample is not None and sample < 1:
        raise OptionError(f"density: sample => {sample} must be 1 or more, or NULL for all rows")
    rows = canonical(points)
    column = vector_column(rows, function="density")
    n = rows.num_rows
    if not n:
        raise QueryError("density: the relation has no rows; look at the argument's WHERE")
    x = matrix(rows, column, function="density")
    kernels = n if sample is None else min(sample, n)
    require_memory(
        8 * n + 16 * kernels * x.shape[1] + n_threads() * ((64 << 20) + 16 * ROWS * x.shape[1]),
        memory,
        purpose=f"density of {n:,} x {x.shape[1]} with {kernels:,} kernels",
        instead=f"use fewer, sample => {max(1, kernels // 4)}",
    )
    require_finite(x, column, function="density")
    centres = drawn_rows(rows, kernels, seed=seed)
    with row_blocks() as for_blocks:
        reach = bandwidth
        if reach is None:
            reach = _quarter_of_median(x[drawn_rows(rows, SPREAD, seed=seed)])
        densities = _densities(x, centres, reach, for_blocks)
    return with_columns(rows, without=column, density=densities)


def _quarter_of_median(x: Array) -> float:
    """Return a quarter of the median distance of rows that are not equal; 1 where all are."""
    y = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    squares = np.square(y).sum(axis=1)
    sums = squares[:, None] + squares
    apart = sums - 2 * (y @ y.T)
    apart[apart < ROUNDING * sums] = 0  # what the subtraction leaves of equal rows
    between = apart[np.triu_indices(len(x), k=1)]
    between = between[between > 0]
    if len(between):
        return float(np.sqrt(np.median(between))) / 4
    return 1.0


def _densities(x: Array, centres: Array, bandwidth: float, for_blocks: ForBlocks[Any]) -> Array:
    """(n,) float64."""
    n = len(x)
    middle = x[centres].mean(axis=0, dtype=np.float64)
    scale = 1 / (np.sqrt(2) * bandwidth)
    kernels = (x[centres] - middle) * scale  # (m, d); then the kernel is exp(-|x - y|^2)
    kernel_squares = np.einsum("ij,ij->i", kernels, kernels)
    if float(kernel_squares.max()) < PRECISE:
        kernels, kernel_squares = kernels.astype(np.float32), kernel_squares.astype(np.float32)
    place = np.full(n, -1)  # of a row among the kernels
    place[centres] = np.arange(len(centres))
    spread = Spread(
        x,
        size=ROWS,
        for_blocks=for_blocks,
        cost=kernels.size,
        name="density",
        whole=(kernels, kernel_squares),
    )
    return np.concatenate(spread.map(partial(_of_block, middle, scale), place))


def _of_block(
    middle: Array, scale: float, x: Array, place: Array, kernels: Array, kernel_squares: Array
) -> Array:
    """Return the densities of a block of rows, (m,) float64."""
    rows = ((x - middle) * scale).astype(kernels.dtype)
    squares = np.einsum("ij,ij->i", rows, rows)
    total = np.zeros(len(x))
    mine = np.flatnonzero(place >= 0)
    for base in range(0, len(kernels), KERNELS):
        near = rows @ kernels[base : base + KERNELS].T  # (ROWS, KERNELS)
        near *= 2
        near -= squares[:, None]
        near -= kernel_squares[base : base + KERNELS]
        np.minimum(near, 0, out=near)
        np.exp(near, out=near)
        at = place[mine] - base
        inside = (at >= 0) & (at < near.shape[1])
        near[mine[inside], at[inside]] = 0  # its own kernel is counted once, for every row alike
        total += near.sum(axis=1, dtype=np.float64)
    return np.asarray((1 + total) / (1 + len(kernels) - (place >= 0)))
