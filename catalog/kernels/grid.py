"""Cells of a map: ILA's g x g grid over a two-dimensional landscape.

Wu et al. 2025, arXiv 2509.06463.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.relation import canonical, with_columns

SIDE = 100  # the paper's, for 20,000 members and more
LARGE = 20_000


@kernel(version=1, adds={"cell": "BIGINT", "side": "BIGINT"}, drops=None, reads=("x", "y"))
def grid(points: pa.Table, *, budget: int | None = None, side: int | None = None) -> pa.Table:
    """Put every point into a cell of a square grid over the bounding box.

    Edges are equal steps between the least and the greatest coordinate; the greatest belongs to the
    last cell. With 100 cells a side, the paper's choice, a small budget would have one member a
    cell: below a budget of 20,000 the side is the largest, up to 100, whose non-empty cells are at
    most half the budget.

    Memory: 24 bytes a row beside the input.

    Args:
        points: with numeric columns ``x`` and ``y``.
        budget: members that will be selected; decides the side where none is given.
        side: cells a side, from 1 to 10,000.

    Returns:
        the input's columns with ``cell`` int64, from 0 to side * side - 1, and ``side`` int64; in
        fingerprint order.

    Raises:
        OptionError: neither a budget nor a side, or one out of range.
        QueryError: x or y is missing or not finite.

    >>> x, y = [0.0, 0.4, 1.0], [0.0, 0.0, 1.0]
    >>> rows = pa.table({"fingerprint": ["a", "b", "c"], "x": x, "y": y})
    >>> grid(rows, side=2)["cell"].to_pylist()
    [0, 0, 3]
    """
    if side is None and (budget is None or budget < 1):
        raise OptionError(f"grid: budget {budget}: give a budget of 1 or more, or a side")
    if side is not None and not 1 <= side <= 10_000:
        raise OptionError(f"grid: side {side}: give a number from 1 to 10000")
    rows = canonical(points)
    x, y = _coordinate(rows, "x"), _coordinate(rows, "y")
    if side is None:
        side = SIDE
        if budget is None or budget < LARGE:
            side = _largest_side(x, y, most=max(1, (budget or 1) // 2))
    return with_columns(
        rows,
        cell=_step(x, side) * side + _step(y, side),
        side=np.full(rows.num_rows, side, dtype=np.int64),
    )


def _largest_side(x: Array, y: Array, *, most: int) -> int:
    """Return the largest side up to 100 with at most ``most`` non-empty cells, at least 1."""
    for side in range(SIDE, 1, -1):
        cells = _step(x, side) * side + _step(y, side)
        if np.count_nonzero(np.bincount(cells, minlength=side * side)) <= most:
            return side
    return 1


def _step(values: Array, side: int) -> Rows:
    """Return which of ``side`` equal steps each value falls into, int64 (n,)."""
    if not len(values):
        return np.zeros(0, dtype=np.int64)
    low, high = values.min(), values.max()
    if low == high:
        return np.zeros(len(values), dtype=np.int64)
    steps: Rows = np.minimum((values - low) / (high - low) * side, side - 1).astype(np.int64)
    return steps


def _coordinate(rows: pa.Table, name: str) -> Numbers:
    if name not in rows.column_names:
        raise QueryError(
            f"grid: the relation has no column {name}; it has {', '.join(rows.column_names)}: "
            "give project(...)'s answer"
        )
    type_ = rows[name].type
    if not (
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    ):
        raise QueryError(f"grid: {name} is of the type {type_}; it must be a number")
    values = np.asarray(rows[name].to_numpy(), dtype=np.float64)
    if not np.isfinite(values).all():
        raise QueryError(
            f"grid: {np.count_nonzero(~np.isfinite(values)):,} rows have no finite {name}; "
            "filter them first"
        )
    return values
