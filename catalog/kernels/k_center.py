"""Greedy k-center: rows that leave no other row far from all of them.

Sener and Savarese, ICLR 2018, arXiv 1708.00489.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.lazy_greedy import maximise
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import ForBlocks, require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels._common.similarity import exact_unit_rows
from catalog.threads import n_threads

_N_BLOCK = 512  # rows whose distances are brought up to date in one product
_N_FRONT = 1024


@kernel(version=1, adds={"rank": "BIGINT", "distance": "DOUBLE"}, is_ranked=True, reads="vectors")
def k_center(
    vectors: pa.Table,
    *,
    budget: int,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    start: Literal["mean", "random"] = "mean",
    seed: int = 0,
    given: str | None = None,
    memory: int | None = None,
) -> pa.Table:
    """Choose rows one by one, each the one farthest from all chosen before it.

    This is farthest-first (Gonzalez 1985). The largest distance of any row to its nearest chosen
    row, the covering radius, is at most twice the best possible one. It is what the next row's
    ``distance`` would be. Distances are computed in float64 and compared, squared, on a grid of
    2**-30 of the largest first one's power of two; equal ones go to the lowest fingerprint.

    A row's distance to the chosen only falls, so that an old one is an upper bound: few rows are
    looked at for each pick, and they catch up with many picks in one matrix product.

    Memory beside the relation: ``8 d (budget + given + 2048) + 32 n`` bytes, and ``4096 budget +
    8192 d`` for each thread.

    Args:
        vectors: a relation with one column of vectors.
        budget: how many rows to choose; all of them, in order, when there are fewer.
        metric: ``'cosine'`` is the euclidean distance of the vectors scaled to length one, the root
            of 2 - 2 cos.
        start: the first row: the one nearest to the mean of all, or one at random.
        seed: of the random start.
        given: a column of booleans: rows where it is true count as chosen before the first pick,
            and are not in the answer (MoDS, arXiv 2311.15653; DiverseEvol, arXiv 2311.08182).
        memory: bytes it may hold; None means no limit.

    Returns:
        The chosen rows in order, without their vectors, with ``rank`` (int64, from 1) and
        ``distance`` (float64): to the nearest row chosen before or given, NULL for the first
        where none is given.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: not exactly one vector column, or a vector is NULL, not finite, or of another
            length.
        MemoryLimitError: ``memory`` is too small.

    >>> vectors = [[0.0], [1.0], [2.0], [9.0]]
    >>> rows = pa.table({"fingerprint": ["a", "b", "c", "d"], "vector": vectors})
    >>> k_center(rows, budget=3).to_pydict()
    {'fingerprint': ['c', 'd', 'a'], 'rank': [1, 2, 3], 'distance': [None, 7.0, 2.0]}
    """
    _check(budget, metric, start)
    column = vector_column(vectors, function="k_center")
    rows = canonical(vectors)
    x = matrix(rows, column, function="k_center")
    rows = rows.drop_columns([column])
    n, d = x.shape
    before = rows_given(rows, given)
    budget = min(budget, n - len(before))
    require_memory(
        8 * d * (budget + len(before) + 2048) + 32 * n + n_threads() * (4096 * budget + 8192 * d),
        memory,
        purpose=f"k_center of {n:,} x {d:,}",
        instead="raise the limit or lower the budget",
    )
    require_finite(x, column, function="k_center")
    if not budget:
        return with_columns(
            rows, rank=pa.array([], pa.int64()), distance=pa.array([], pa.float64())
        )
    points = Points(x, is_unit=metric == "cosine")
    first = before if len(before) else np.array([_first(points, start, seed)])
    n_more = budget if len(before) else budget - 1
    with row_blocks() as for_blocks:
        order, distances = _farthest_first(points, first, n_more, for_blocks)
    if not len(before):
        order, distances = np.concatenate([first, order]), np.concatenate([[np.nan], distances])
    return with_columns(
        rows.take(pa.array(order)),
        rank=np.arange(1, budget + 1, dtype=np.int64),
        distance=pa.array(distances, mask=np.isnan(distances)),
    )


def rows_given(rows: pa.Table, given: str | None) -> Rows:
    """Return the positions of the rows that count as chosen, (n_given,).

    Raises:
        QueryError: there is no such column, or it does not hold booleans.
    """
    if given is None:
        return np.empty(0, dtype=np.int64)
    if given not in rows.column_names or not pa.types.is_boolean(rows.schema.field(given).type):
        raise QueryError(
            f"k_center: given => '{given}' must name a column of booleans; the relation has "
            f"{', '.join(rows.column_names)}"
        )
    return np.flatnonzero(rows[given].fill_null(False).to_numpy()).astype(np.int64)


def _first(points: Points, start: str, seed: int) -> int:
    if start == "random":
        return int(np.random.default_rng(seed).integers(points.shape[0]))
    return _nearest_to_mean(points)


def _check(budget: int, metric: str, start: str) -> None:
    if budget < 1:
        raise OptionError(f"k_center: budget is {budget}; it must be at least 1")
    if metric not in ("euclidean", "cosine"):
        raise OptionError(f"k_center: metric is {metric!r}; it must be 'euclidean' or 'cosine'")
    if start not in ("mean", "random"):
        raise OptionError(f"k_center: start is {start!r}; it must be 'mean' or 'random'")


class Points:
    """Vectors that become float64 when they are read, as they are or scaled to length one."""

    def __init__(self, x: Vectors, *, is_unit: bool) -> None:
        self._x = x  # (n, d)
        self._is_unit = is_unit
        self.shape = x.shape

    def __getitem__(self, rows: Any) -> Numbers:
        """Return some rows: (n_rows, d)."""
        if self._is_unit:
            return exact_unit_rows(self._x[rows])
        points: Numbers = self._x[rows].astype(np.float64)
        return points


def _nearest_to_mean(x: Points) -> int:
    """Return the row nearest to the mean of all; of rows equal to 9 digits, the lowest."""
    n = x.shape[0]
    blocks = [slice(start, start + _N_BLOCK) for start in range(0, n, _N_BLOCK)]
    mean = np.sum([x[block].sum(axis=0) for block in blocks], axis=0) / n  # (d,)
    squares = np.concatenate([np.square(x[block] - mean).sum(axis=1) for block in blocks])
    scale = float(squares.max()) or 1.0
    return int(np.round(squares / scale, 9).argmin())


def _farthest_first(
    x: Points, first: Rows, n_more: int, for_blocks: ForBlocks[None]
) -> tuple[Rows, Numbers]:
    """Choose rows after the first ones.

    Returns:
        The rows in the order chosen, and their distances to those before: both (n_more,).
    """
    others = np.delete(np.arange(x.shape[0], dtype=np.int64), first)
    if not n_more:
        return np.empty(0, dtype=np.int64), np.empty(0)
    objective = _Distances(x, others, first=first, budget=n_more, for_blocks=for_blocks)
    positions, squares = maximise(
        objective,
        objective.refresh(np.arange(len(others))),
        budget=n_more,
        n_front=min(_N_FRONT, len(others)),
    )
    return others[positions], np.sqrt(squares)


class _Distances:
    """Squared distances of rows to the nearest chosen row, as an objective of ``lazy_greedy``.

    Its rows are positions in ``others``.
    """

    def __init__(
        self, x: Points, others: Rows, *, first: Rows, budget: int, for_blocks: ForBlocks[None]
    ) -> None:
        self._x = x
        self._others = others  # all but the first ones
        self._for_blocks = for_blocks
        self._nearest: Numbers = np.full(len(others), np.inf)  # as of _true_at
        self._true_at = np.zeros(len(others), dtype=np.int64)  # how many of the chosen it knows of
        self._chosen: Numbers = np.empty((len(first) + budget, x.shape[1]))
        self._squares: Numbers = np.empty(len(first) + budget)  # of the chosen
        self._n_chosen = 0
        self._front: Rows = np.empty(0, dtype=np.int64)
        self._front_x: Numbers = np.empty((0, x.shape[1]))
        self._front_squares: Numbers = np.empty(0)
        for vector in x[first]:
            self._choose(vector)

    def _choose(self, vector: Numbers) -> None:
        self._chosen[self._n_chosen] = vector
        self._squares[self._n_chosen] = np.einsum("i,i->", vector, vector)
        self._n_chosen += 1

    def load(self, rows: Rows) -> None:
        """Make these rows the front."""
        self._front = rows
        self._front_x = self._x[self._others[rows]]  # (n_front, d)
        self._front_squares = np.einsum("ij,ij->i", self._front_x, self._front_x)

    def accept(self, position: int) -> Numbers:
        """Choose one row of the front; the front's squared distances after it."""
        self._choose(self._front_x[position])
        squares = (
            self._front_squares
            + self._front_squares[position]
            - 2.0 * (self._front_x @ self._front_x[position])
        )
        nearest: Numbers = np.minimum(self._nearest[self._front], np.maximum(squares, 0.0))
        self._nearest[self._front] = nearest
        self._true_at[self._front] = self._n_chosen
        return nearest

    def refresh(self, rows: Rows) -> Numbers:
        """Return the current squared distances of any rows, shape (n_rows,)."""
        by_age = rows[
            np.argsort(self._true_at[rows], kind="stable")
        ]  # rows of one age share a block

        def catch_up(start: int, stop: int) -> None:
            block = by_age[start:stop]
            # A younger row meets some of the chosen again, which changes nothing: the least
            # distance is the same.
            oldest = int(self._true_at[block[0]])
            x = self._x[self._others[block]]
            squares = (
                x @ self._chosen[oldest : self._n_chosen].T
            )  # (n_block, chosen since the oldest)
            squares *= -2.0
            squares += self._squares[oldest : self._n_chosen]
            least = squares.min(axis=1) + np.einsum("ij,ij->i", x, x)
            self._nearest[block] = np.minimum(self._nearest[block], np.maximum(least, 0.0))

        self._for_blocks(catch_up, len(rows), _N_BLOCK)
        self._true_at[rows] = self._n_chosen
        return self._nearest[rows]
