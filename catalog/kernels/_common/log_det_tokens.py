"""Greedy log-determinant selection for ``log_det`` where a row is a text of many token states.

With V the information so far, S = V^-1 and X the states of one text (M x d), its gain is log det(I
+ X S X'). Two bounds keep the work small, and both are exact, so that the order is naive greedy's:

1. An old gain, which can only have fallen (submodularity). 2. The tangent. Let R be S of an earlier
moment and H = X' (I + X R X')^-1 X, the gradient there. Then the gain has changed by
   log det(I - H (R - S)), whose r = min(M, d) eigenvalues sum to t = <H, R - S>, and so by at most
   r log(1 - t / r) (Jensen). H is
   symmetric: d (d + 1) / 2 numbers and one dot product a bound, about a hundredth of the work of
   the gain itself, and so close that a pick needs few true gains.

Tangents are kept in float32 in a store of fixed size; where all rows do not fit, the least
promising lose theirs.
"""

from __future__ import annotations

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows
from catalog.kernels._common.lazy_greedy import TAKEN, grid, priorities, top
from catalog.kernels._common.log_det_information import InformationOfTexts
from catalog.kernels._common.log_det_padded import SHORT
from catalog.kernels._common.log_det_tangents import Tangents, tangent_bytes
from catalog.threads import n_threads

_FIRST_LOOK = 16  # bounds tightened in the first round of a pick
_STARTED_WITH = 256  # texts evaluated together before the first pick


class _Bounds:
    """An upper bound on every text's gain, as a key, and how it came about."""

    def __init__(self, objective: InformationOfTexts, *, capacity: int) -> None:
        rows = np.arange(len(objective.texts), dtype=np.int64)
        self.objective = objective
        self._tangents = Tangents(len(rows), capacity=capacity, d=objective.d)
        self.gains = self._first_gains(rows, capacity)  # (n,)
        self.step = grid(float(self.gains.max()))
        self.keys = priorities(self.gains, rows, self.step)
        self.is_true = np.ones(len(rows), dtype=bool)
        self.is_tight = np.ones(len(rows), dtype=bool)  # by the tangent, at this S

    def _first_gains(self, rows: Rows, capacity: int) -> Numbers:
        """Return the gain of every text, and keep as many tangents as there is room for."""
        gains = np.empty(len(rows))
        for start in range(0, capacity, _STARTED_WITH):
            some = rows[start : min(start + _STARTED_WITH, capacity)]
            gains[some], tangents = self.objective.gains_and_tangents(some)
            self._tangents.put(some, gains[some], tangents, self.objective, rows)
        if capacity < len(rows):
            gains[capacity:] = self.objective.refresh(rows[capacity:])
        return gains

    def take(self, row: int) -> None:
        self.keys[row] = TAKEN
        self.objective.choose(row)
        self.is_true[:] = False
        self.is_tight[:] = False

    def loose(self, rows: Rows) -> Rows:
        """Those whose bound their tangent could lower."""
        return rows[~self.is_tight[rows] & (self._tangents.slots[rows] >= 0)]

    def tighten(self, rows: Rows) -> None:
        self.gains[rows] = np.minimum(self.gains[rows], self._tangents.bounds(rows, self.objective))
        self.keys[rows] = priorities(self.gains[rows], rows, self.step)
        self.is_tight[rows] = True

    def evaluate(self, rows: Rows) -> None:
        self.gains[rows], tangents = self.objective.gains_and_tangents(rows)
        self.keys[rows] = priorities(self.gains[rows], rows, self.step)
        self.is_true[rows] = self.is_tight[rows] = True
        self._tangents.put(rows, self.gains[rows], tangents, self.objective, self.keys)


def _best(bounds: _Bounds) -> int:
    """Return the row of the highest true gain.

    It finds a good row first, then looks at every row that could still be better.
    """
    contenders = top(bounds.keys, min(_FIRST_LOOK, len(bounds.keys)))
    contenders = contenders[bounds.keys[contenders] != TAKEN]
    best, highest = -1, TAKEN
    n_evaluate, most = bounds.objective.evaluated_at_once
    while len(contenders):
        loose = bounds.loose(contenders)
        if len(loose):
            bounds.tighten(loose)
        unknown = contenders[~bounds.is_true[contenders] & (bounds.keys[contenders] > highest)]
        if len(unknown):
            bounds.evaluate(unknown[top(bounds.keys[unknown], n_evaluate)])
            n_evaluate = min(2 * n_evaluate, most)
        known = contenders[bounds.is_true[contenders]]
        if len(known):
            winner = int(known[bounds.keys[known].argmax()])
            best, highest = max(
                (best, highest), (winner, int(bounds.keys[winner])), key=lambda pair: pair[1]
            )
        contenders = np.flatnonzero(bounds.keys > highest)
    return best


def working_bytes(*, n: int, n_tokens: int, longest: int, d: int) -> int:
    """Return the bytes that `greedy` holds beside the texts and all tangents but one.

    Args:
        n: number of texts.
        n_tokens: tokens of all texts.
        longest: tokens of the longest text.
        d: width of the states.
    """
    reading = d * min(n_tokens, 2**16) + 8 * n_tokens
    padded = 64 * d * 2048 if longest * d <= SHORT else 0
    evaluations = padded + 8 * n_threads() * (
        3 * longest * d + longest * min(longest, d) + 4 * d * d
    )
    tangents = (2 * _STARTED_WITH + 32 * n_threads() + 1) * tangent_bytes(d)
    return max(reading, evaluations + tangents + 128 * d * d) + 384 * n + 2**16


def greedy(objective: InformationOfTexts, *, budget: int, capacity: int) -> tuple[Rows, Numbers]:
    """Return rows in the order that greedy chooses them, and their gains, both of shape (budget,).

    Args:
        objective: its solution is empty.
        budget: how many, at most the number of texts.
        capacity: how many tangents to keep.
    """
    bounds = _Bounds(objective, capacity=capacity)
    order = np.empty(budget, dtype=np.int64)
    for turn in range(budget):
        order[turn] = _best(bounds)
        bounds.take(int(order[turn]))
    return order, bounds.gains[order]
