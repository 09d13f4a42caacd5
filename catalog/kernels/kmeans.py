"""k-means clusters of one vector column, by Lloyd's algorithm.

Lloyd, "Least squares quantization in PCM" (1982); starts by Arthur & Vassilvitskii, "k-means++"
(SODA 2007). SmallToLarge (arXiv 2403.07384) clusters loss trajectories with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.lloyd import SUMMED, Lloyd, block_rows, spread_start
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.threads import n_threads

START_ROWS = 256  # rows per cluster that a k-means++ start samples; faiss fits on as many

Start = Literal["k-means++", "random"]


@kernel(version=2, adds={"cluster": "INTEGER", "distance": "DOUBLE"}, cached=True, reads="vectors")
def kmeans(
    points: pa.Table,
    *,
    k: int = 100,
    iterations: int = 20,
    seed: int = 0,
    start: Start = "random",
    sample: int | None = None,
    within: str | None = None,
    memory: int | None = None,
) -> pa.Table:
    """Put every row into one of at most ``k`` clusters of near vectors (Euclidean).

    Args:
        points: rows with one vector column of d numbers, taken as float32.
        k: clusters, 1 or more. Where fewer than ``k`` vectors are distinct there are as many
            clusters as those.
        iterations: Lloyd steps at most, 0 or more; it ends earlier once no row changes its cluster.
        seed: of the start and of the sample.
        start: ``random``: k rows drawn uniformly, as ``faiss.Kmeans`` starts, and every iteration
            over all rows; ``k-means++``: greedy, on a sample of 256 rows a cluster, where it also
            spends the first three quarters of the iterations, since they move centres far and need
            no precision: the inertia is 0.2 to 0.4 % above that of all iterations over all rows.
            It finds rare shapes and outliers far more often than ``random``.
        sample: fit on that many rows, drawn by ``seed``, and only assign the others; None fits on
            all.
        within: a column; the rows of each of its values are clustered by themselves, in at most k
            clusters that count from 0 again.
        memory: bytes that it may hold beside its input: ``16 n + 2048 k (d + 4)``, ``4 k (d + 1)``
            for each 16,384 rows or, where d is 64 or more, each 2**20 / d, and 5 MiB a thread; with
            a sample ``4 sample d`` more.

    Returns:
        The input without its vectors, ordered by fingerprint, and ``cluster`` (int32, 0 is the
        biggest, equal sizes by their first fingerprint) and ``distance`` (float64, Euclidean, to
        the cluster's centre). No cluster is empty: a centre that loses its rows moves to the row
        that is farthest from its own centre.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no vector column, or vectors that are NULL, of several lengths or not
            finite; or no rows.
        MemoryLimitError: it would not fit ``memory``.

    >>> vectors = [[0.0, 1.0], [9.0, 9.0], [0.0, 3.0]]
    >>> points = pa.table({"fingerprint": ["a", "b", "c"], "v": vectors})
    >>> kmeans(points, k=2).to_pydict()
    {'fingerprint': ['a', 'b', 'c'], 'cluster': [0, 1, 0], 'distance': [1.0, 0.0, 1.0]}
    """
    rows = canonical(points)
    column = vector_column(rows, function="kmeans")
    n = rows.num_rows
    if not n:
        raise QueryError("kmeans: the relation has no rows; look at the argument's WHERE")
    _require_arguments(k=k, iterations=iterations, start=start)
    if within is not None:
        groups = [
            kmeans(
                group,
                k=k,
                iterations=iterations,
                seed=seed,
                start=start,
                sample=sample,
                memory=memory,
            )
            for group in _groups(rows, within)
        ]
        return canonical(pa.concat_tables(groups))
    k = min(k, n)
    if sample is not None and sample < k:
        raise OptionError(
            f"kmeans: sample => {sample} must be at least k, {k}, or NULL for all rows"
        )
    x = matrix(rows, column, function="kmeans")
    fitted = n if sample is None else min(sample, n)
    require_memory(
        _needed(n, x.shape[1], k, fitted),
        memory,
        purpose=f"kmeans of {n:,} x {x.shape[1]} in {k:,} clusters",
        instead=f"fit on a sample, sample => {max(k, fitted // 10)}, or allow more",
    )
    require_finite(x, column, function="kmeans")
    labels, distances = _clusters(x, k, iterations, np.random.default_rng(seed), start, fitted)
    return with_columns(rows, without=column, cluster=_by_size(labels, k), distance=distances)


def _groups(rows: pa.Table, within: str) -> Iterator[pa.Table]:
    if within not in rows.column_names:
        raise QueryError(
            f"kmeans: within => '{within}' is not a column of the relation; "
            f"it has {', '.join(rows.column_names)}"
        )
    type_ = rows[within].type
    if pa.types.is_nested(type_) or pa.types.is_floating(type_):
        raise QueryError(
            f"kmeans: within => '{within}' has the type {type_}; it must be texts or whole numbers"
        )
    for value in sorted(rows[within].unique(), key=str):
        yield rows.filter(
            pc.equal(rows[within], value) if value.is_valid else pc.is_null(rows[within])
        )


def _require_arguments(*, k: int, iterations: int, start: str) -> None:
    if k < 1:
        raise OptionError(f"kmeans: k => {k} must be 1 or more")
    if iterations < 0:
        raise OptionError(f"kmeans: iterations => {iterations} must be 0 or more")
    if start not in get_args(Start):
        raise OptionError(f"kmeans: start => '{start}' must be one of {', '.join(get_args(Start))}")


def _needed(n: int, d: int, k: int, fitted: int) -> int:
    """Return the bytes at the peak: labels, distances, the sample, the start, blocks and sums."""
    block = 4 * 2**20 + 4 * (k * max(32, min(4_096, 2**17 // k)) + k * (d + 1))
    start = 8 * min(START_ROWS * k, fitted) * (d + 4)
    sums = 4 * k * (d + 1) * (fitted // min(block_rows(fitted, d), SUMMED) + 2)
    return 16 * n + (4 * fitted * d if fitted < n else 0) + start + n_threads() * block + sums


def _clusters(
    x: Array, k: int, iterations: int, rng: np.random.Generator, start: str, fitted: int
) -> tuple[Array, Array]:
    """Return the label of every row, (n,) int32, and its distance, (n,) float64."""
    n = len(x)
    with row_blocks() as for_blocks:
        everything = Lloyd(x, k, for_blocks)
        fit_on = everything
        if fitted < n:
            fit_on = Lloyd(
                x[np.sort(rng.choice(n, fitted, replace=False))],
                k,
                for_blocks,
                origin=everything.origin,
            )
        first, spent = _start(fit_on, rng, start, iterations)
        centres, counts = fit_on.fit(first, iterations - spent)
        if fitted < n:
            centres = centres[counts > 0]  # a centre without rows in a sample stays without
            everything.k = len(centres)
            everything.assign(centres)
        return everything.labels, everything.distances(centres)


def _start(rows: Lloyd, rng: np.random.Generator, start: str, iterations: int) -> tuple[Array, int]:
    """Return the first centres, (k, d) float64 about the mean, and their iterations."""
    n, k = len(rows.x), rows.k
    if start == "random":
        return rows.x[rng.choice(n, k, replace=False)].astype(np.float64) - rows.origin, 0
    if n <= START_ROWS * k:
        return spread_start(rows.centred(0, n)[:, :-1], k, rng).astype(np.float64), 0
    few = Lloyd(
        rows.x[np.sort(rng.choice(n, START_ROWS * k, replace=False))],
        k,
        rows.for_blocks,
        origin=rows.origin,
    )
    centres = spread_start(few.centred(0, len(few.x))[:, :-1], k, rng).astype(np.float64)
    spent = iterations * 3 // 4
    return few.fit(centres, spent)[0], spent


def _by_size(labels: Array, k: int) -> Array:
    """Return labels that count from the biggest cluster, equal ones by their first row: (n,)."""
    sizes = np.bincount(labels, minlength=k)
    first = np.full(k, len(labels))
    np.minimum.at(first, labels, np.arange(len(labels)))
    number = np.empty(k, dtype=np.int32)
    number[np.lexsort((first, -sizes))] = np.arange(k, dtype=np.int32)
    return number[labels]
