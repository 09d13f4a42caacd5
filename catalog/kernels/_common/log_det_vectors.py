"""Greedy log-determinant selection where every row is one vector: the rank-one case of ``log_det``.

With S = V^-1, the gain of x is log(1 + c) for c = x' S x. Choosing y makes S' = S - v v' for v = S
y / sqrt(1 + y' S y) (Sherman and Morrison), so every c falls by (x' v)^2: one matrix-vector product
a pick for rows that are kept true, and one product with all v since it was last true for a row that
is not. A row is never brought up to date with the same v twice, so the worst case is the dense
greedy's.
"""

from __future__ import annotations

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.lazy_greedy import maximise

_N_BLOCK = 2048  # rows brought up to date in one product
_N_STEPS = 1024  # picks that a block catches up with in one product
_N_FRONT = 1024
_REFACTOR = 256  # picks after which S is computed anew, so that its rounding errors do not add up


class InformationOfVectors:
    """Objective log det(lambda I + sum of x x') over the chosen rows, for both optimizers."""

    def __init__(self, vectors: Vectors, *, regularization: float, budget: int) -> None:
        n, d = vectors.shape
        self._x = vectors  # (n, d)
        self._regularization = regularization
        self._s: Numbers = np.eye(d) / regularization  # (d, d), the inverse of V
        self._v: Numbers = np.eye(d) * regularization  # (d, d), as of the last refactoring
        self._steps: Numbers = np.empty((budget, d))  # v of every pick
        self._turn = 0
        self._chosen: list[int] = []
        self._c: Numbers = (
            np.concatenate(
                [_squares(vectors[start : start + _N_BLOCK]) for start in range(0, n, _N_BLOCK)]
            )
            / regularization
        )  # (n,)
        self._true_at = np.zeros(n, dtype=np.int64)  # how many picks c knows of
        self._front: Rows = np.empty(0, dtype=np.int64)
        self._front_x: Numbers = np.empty((0, d))

    def first(self) -> Numbers:
        """Return the gain of every row over the empty solution, shape (n,)."""
        gains: Numbers = np.log1p(self._c)
        return gains

    def load(self, rows: Rows) -> None:
        """Make these rows the front."""
        self._front = rows
        self._front_x = self._x[rows].astype(np.float64)  # (n_front, d)

    def accept(self, position: int) -> Numbers:
        """Choose one row of the front; the front's gains after it."""
        v = self.choose(int(self._front[position]))
        self._c[self._front] = np.maximum(self._c[self._front] - np.square(self._front_x @ v), 0.0)
        self._true_at[self._front] = self._turn
        gains: Numbers = np.log1p(self._c[self._front])
        return gains

    def choose(self, row: int) -> Numbers:
        """Choose one row; the step v by which it shrinks every c, shape (d,)."""
        x = self._x[row].astype(np.float64)
        u = self._s @ x
        v: Numbers = u / np.sqrt(1.0 + x @ u)
        self._steps[self._turn] = v
        self._turn += 1
        self._chosen.append(row)
        if self._turn % _REFACTOR:
            self._s -= np.outer(v, v)
        else:
            x_new = self._x[self._chosen[-_REFACTOR:]].astype(np.float64)
            self._v += x_new.T @ x_new
            self._s = np.asarray(np.linalg.inv(self._v), dtype=np.float64)
        return v

    def refresh(self, rows: Rows) -> Numbers:
        """Return the current gains of any rows, shape (n_rows,)."""
        by_age = rows[
            np.argsort(self._true_at[rows], kind="stable")
        ]  # rows of one age share their block
        for start in range(0, len(rows), _N_BLOCK):
            block = by_age[start : start + _N_BLOCK]
            since = self._true_at[block]
            oldest = int(since[0])
            x = self._x[block].astype(np.float64)  # (n_block, d)
            for first in range(oldest, self._turn, _N_STEPS):
                last = min(first + _N_STEPS, self._turn)
                falls = x @ self._steps[first:last].T  # (n_block, picks since the oldest)
                np.square(falls, out=falls)
                falls[np.arange(first, last)[None, :] < since[:, None]] = (
                    0.0  # what a younger row has seen already
                )
                self._c[block] -= falls.sum(axis=1)
            self._c[block] = np.maximum(self._c[block], 0.0)
        self._true_at[rows] = self._turn
        gains: Numbers = np.log1p(self._c[rows])
        return gains


def _squares(x: Vectors) -> Numbers:
    squares: Numbers = np.square(x.astype(np.float64)).sum(axis=1)
    return squares


def greedy(vectors: Vectors, *, regularization: float, budget: int) -> tuple[Rows, Numbers]:
    """Return rows in the order that greedy chooses them, and their gains, both (budget,)."""
    objective = InformationOfVectors(vectors, regularization=regularization, budget=budget)
    return maximise(
        objective, objective.first(), budget=budget, n_front=min(_N_FRONT, len(vectors))
    )
