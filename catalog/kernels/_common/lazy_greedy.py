"""Greedy maximisation of a monotone submodular function, exact, looking at few rows a pick.

A gain that was true some picks ago can only have fallen since (submodularity), so it is an upper
bound: whatever lies below the best true gain need not be looked at (Minoux 1978). Here a *front* of
the most promising rows is kept true at every pick, which is one dense operation; the other rows
keep their old gains until the best of the front falls below the best of those, and only then are
they refreshed, from the top.

Two gains are compared after rounding to a grid of about 1e-9 of the largest first gain, and equal
ones go to the lowest row. Float noise thus decides nothing: not the number of threads, nor how rows
were batched.
"""

from __future__ import annotations

import math
from typing import Protocol

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows

_GRID_BITS = 30
_ROW_BITS = 31  # a gain rounds to at most 2**31 steps, so that both fit a signed integer
_NOISE = 2.0**-40  # of a sum of gains, at most
_LAST_ROW = 2**_ROW_BITS - 1
TAKEN = -1  # below every priority of a row that can still be chosen


class Objective(Protocol):
    """Function whose marginal gains the greedy loop asks for, one front of rows at a time."""

    def load(self, rows: Rows) -> None:
        """Make these rows the front. Their gains are known to be true now."""

    def accept(self, position: int) -> Numbers:
        """Add a row of the front, by its position, and return the front's new gains: (n_front,)."""

    def refresh(self, rows: Rows) -> Numbers:
        """Return the current gains of rows outside the front, shape (n_rows,)."""


def grid(largest: float) -> float:
    """Return the step to which gains are rounded before they are compared.

    It is 2**-30 of the largest first gain's power of two.

    What noise alone keeps below a power of two counts as that, since a row's similarity to itself
    is 1 on one processor and just below it on another.

    >>> grid(1.5) == grid(1 - 1e-15) == 2.0**-30, grid(0.0)
    (True, 1.0)
    """
    if largest > 0:
        return math.ldexp(1.0, math.frexp(largest * (1 + _NOISE))[1] - 1 - _GRID_BITS)
    return 1.0


def priorities(gains: Numbers, rows: Rows, step: float) -> Rows:
    """Return one integer a row, which orders rows by rounded gain (highest first), then by row.

    >>> priorities(np.array([0.5, 1.0, 1.0]), np.array([0, 1, 2]), grid(1.0)).argsort()[::-1]
    array([1, 2, 0])
    """
    rounded = np.rint(np.maximum(gains, 0.0) / step).astype(np.int64)
    answer: Rows = (rounded << _ROW_BITS) + (_LAST_ROW - rows)
    return answer


def top(keys: Rows, n: int) -> Rows:
    """Return the positions of the n highest keys, in no order."""
    if n >= len(keys):
        return np.arange(len(keys), dtype=np.int64)
    return np.argpartition(keys, len(keys) - n)[len(keys) - n :].astype(np.int64)


class _Bounds:
    """An upper bound on every row's gain, and which of them are true at this pick."""

    def __init__(self, first: Numbers) -> None:
        self.step = grid(float(first.max()))
        self.gains = first.copy()  # (n,)
        self.keys = priorities(first, np.arange(len(first), dtype=np.int64), self.step)  # (n,)
        self.is_true = np.ones(len(first), dtype=bool)

    def write(self, rows: Rows, gains: Numbers) -> None:
        self.gains[rows] = gains
        self.keys[rows] = np.where(
            self.keys[rows] == TAKEN, TAKEN, priorities(gains, rows, self.step)
        )
        self.is_true[rows] = True


def maximise(
    objective: Objective, first: Numbers, *, budget: int, n_front: int
) -> tuple[Rows, Numbers]:
    """Choose ``budget`` rows greedily.

    The rows and their order equal those of evaluating every row at every pick.

    Args:
        objective: the function; its solution is empty.
        first: every row's gain over the empty solution, float64, shape (n,).
        budget: how many rows to choose, at most n.
        n_front: how many rows are kept true at every pick.

    Returns:
        The rows in the order chosen, int64, and their gains, float64, both of shape (budget,).
    """
    bounds = _Bounds(first)
    order = np.empty(budget, dtype=np.int64)
    won = np.empty(budget, dtype=np.float64)
    front, floor = _next_front(objective, bounds, n_front)
    gains, keys = bounds.gains[front], bounds.keys[front]
    for turn in range(budget):
        best = int(keys.argmax())
        if keys[best] < floor:
            bounds.is_true[:] = False
            bounds.keys[front] = keys
            bounds.write(front, gains)
            front, floor = _next_front(objective, bounds, n_front)
            gains, keys = bounds.gains[front], bounds.keys[front]
            best = int(keys.argmax())
        order[turn], won[turn] = front[best], gains[best]
        taken = keys == TAKEN
        taken[best] = True
        gains = np.maximum(objective.accept(best), 0.0)
        keys = np.where(taken, TAKEN, priorities(gains, front, bounds.step))
    return order, won


def _next_front(objective: Objective, bounds: _Bounds, n_front: int) -> tuple[Rows, int]:
    """Return the rows of the highest true gains, and the highest key among the rest.

    Bounds are refreshed from the top until the top is true.
    """
    n_refresh = n_front
    while True:
        front = top(bounds.keys, n_front)
        if bounds.is_true[front].all():
            break
        candidates = top(bounds.keys, n_refresh)
        stale = candidates[~bounds.is_true[candidates]]
        bounds.write(stale, objective.refresh(stale))
        n_refresh = min(
            2 * n_refresh, len(bounds.keys)
        )  # few rounds, even where every bound is loose
    objective.load(front)
    rest = np.ones(len(bounds.keys), dtype=bool)
    rest[front] = False
    return front, int(bounds.keys[rest].max()) if rest.any() else TAKEN
