"""Greedy log-determinant selection where every row is a text of many token states: the kernel behind ``log_det``.

With V the information so far, S = V^-1 and X the states of one text (M x d), its gain is log det(I + X S X'). Two bounds keep the work
small, and both are exact, so that the order is naive greedy's:

1. An old gain, which can only have fallen (submodularity).
2. The tangent. Let R be S of an earlier moment and H = X' (I + X R X')^-1 X, the gradient there. Then the gain has changed by
   log det(I - H (R - S)), whose r = min(M, d) eigenvalues sum to t = <H, R - S>, and so by at most r log(1 - t / r) (Jensen). H is
   symmetric: d (d + 1) / 2 numbers and one dot product a bound, about a hundredth of the work of the gain itself, and so close that a
   pick needs few true gains.

Tangents are kept in float32 in a store of fixed size; where all rows do not fit, the least promising lose theirs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from catalog.functions.blocks import ForBlocks
from catalog.functions.lazy_greedy import TAKEN, Gains, Rows, grid, priorities, top

Matrix = np.ndarray[Any, np.dtype[np.float64]]
States = np.ndarray[Any, Any]  # (M, d), float16 or float32

_N_TOKENS = 2048  # of one padded block of texts
_N_DOTS = 32  # tangents copied together for one product: they should stay in the cache
_N_SHARE = 1024  # tangents that one thread takes at a time
_FIRST_LOOK = 16  # bounds tightened in the first round of a pick; doubles with every round


def tangent_bytes(d: int) -> int:
    """Bytes of one text's tangent."""
    return 4 * (d * (d + 1) // 2)


class InformationOfTexts:
    """log det(lambda I + sum of X' X) over the chosen texts.

    Every product here is small, so each runs on one thread and blocks run side by side: faster, and no sum depends on how many threads
    there are.

    Args:
        texts: the states of every text, each of shape (M_i, d), float16 or float32; converted block by block.
        regularization: lambda.
        by_length: divide X' X by M_i.
        for_blocks: see ``row_blocks``.
    """

    def __init__(self, texts: Sequence[States], *, d: int, regularization: float, by_length: bool, for_blocks: ForBlocks[None]) -> None:
        self.texts = texts
        self._for_blocks = for_blocks
        self.d = d
        self.lengths = np.array([len(text) for text in texts], dtype=np.int64)
        self._scales = 1.0 / np.sqrt(np.maximum(self.lengths, 1)) if by_length else None
        self._v: Matrix = np.eye(d) * regularization
        first, second = np.triu_indices(d)
        self._packed = first * d + second  # the upper triangle's places in a flat (d * d,)
        self._weights = np.where(first == second, 1.0, 2.0)
        self._factorise()

    def _factorise(self) -> None:
        self._root: Matrix = np.asarray(np.linalg.cholesky(self._v), dtype=np.float64)  # L, V = L L'
        self._w: Matrix = np.asarray(np.linalg.inv(self._root), dtype=np.float64)  # L^-1
        self.s: Matrix = self._w.T @ self._w  # V^-1
        self.s_packed = (self.s.ravel()[self._packed] * self._weights).astype(np.float32)
        self.s_norm = float(np.linalg.norm(self.s))

    def run(self, function: Callable[[int, int], None], n: int, size: int) -> None:
        """Run a function over blocks of n things: here when they are few, for handing work to threads costs more than a small block."""
        if n <= 3 * size:
            for start in range(0, n, size):
                function(start, min(start + size, n))
        else:
            self._for_blocks(function, n, size)

    def choose(self, row: int) -> None:
        """Add one text."""
        x = self._block(np.array([row]))[0]
        self._v += x.T @ x
        self._factorise()

    def _block(self, rows: Rows) -> Matrix:
        """Texts padded with zeros, which add nothing, shape (n_rows, longest, d)."""
        block = np.zeros((len(rows), max(int(self.lengths[rows].max()), 1), self.d))
        for place, row in enumerate(rows):
            block[place, : self.lengths[row]] = self.texts[row]
        if self._scales is not None:
            block *= self._scales[rows][:, None, None]
        return block

    def _blocks(self, rows: Rows) -> list[Rows]:
        """Positions in ``rows``, grouped by length so that padding is small and a group has about _N_TOKENS states."""
        by_length = np.argsort(self.lengths[rows], kind="stable")
        groups, start = [], 0
        for stop in range(1, len(rows) + 1):
            if stop == len(rows) or (stop + 1 - start) * self.lengths[rows[by_length[stop]]] > _N_TOKENS:
                groups.append(by_length[start:stop])
                start = stop
        return groups

    def refresh(self, rows: Rows) -> Gains:
        """True gains, shape (n_rows,)."""
        answer = np.empty(len(rows))

        groups = self._blocks(rows)

        def evaluate(start: int, _stop: int) -> None:
            answer[groups[start]] = self._inner(self._block(rows[groups[start]]))[0]

        self.run(evaluate, len(groups), 1)
        return answer

    def gains_and_tangents(self, rows: Rows) -> tuple[Gains, np.ndarray[Any, np.dtype[np.float32]]]:
        """True gains, shape (n_rows,), and packed gradients with respect to S, shape (n_rows, d (d + 1) / 2)."""
        gains = np.empty(len(rows))
        tangents = np.empty((len(rows), len(self._packed)), dtype=np.float32)

        groups = self._blocks(rows)

        def evaluate(start: int, _stop: int) -> None:
            group = groups[start]
            x = self._block(rows[group])
            gains[group], inner = self._inner(x)
            tangents[group] = np.take(self._gradient(x, inner).reshape(len(group), -1), self._packed, axis=1)

        self.run(evaluate, len(groups), 1)
        return gains, tangents

    def _inner(self, x: Matrix) -> tuple[Gains, Matrix]:
        """Gains, shape (b,), and the matrices whose log determinants they are.

        With Y = X W', that is I + Y Y', shape (b, M, M), or I + Y' Y, shape (b, d, d), whichever is smaller.
        """
        b, m, d = x.shape
        y = (x.reshape(-1, d) @ self._w.T).reshape(b, m, d)
        inner = y @ y.transpose(0, 2, 1) if m <= d else y.transpose(0, 2, 1) @ y
        diagonal = np.arange(inner.shape[1])
        inner[:, diagonal, diagonal] += 1.0
        gains: Gains = 2.0 * np.log(np.linalg.cholesky(inner)[:, diagonal, diagonal]).sum(axis=1)
        return gains, inner

    def _gradient(self, x: Matrix, inner: Matrix) -> Matrix:
        """H = X' (I + X S X')^-1 X, shape (b, d, d); from the d x d form it is L (I - (I + Y' Y)^-1) L'."""
        inverse = np.linalg.inv(inner)
        if x.shape[1] <= self.d:
            return x.transpose(0, 2, 1) @ (inverse @ x)
        return self._root @ (np.eye(self.d) - inverse) @ self._root.T


class _Tangents:
    """A store of tangents for some of the rows."""

    def __init__(self, n: int, *, capacity: int, d: int) -> None:
        length = d * (d + 1) // 2
        self.slots = np.full(n, -1, dtype=np.int64)  # (n,) a row's place in the store
        self._h = np.zeros((capacity, length), dtype=np.float32)
        self._gain = np.empty(capacity)  # at R
        self._inner = np.empty(capacity)  # <H, R>, less what float32 may have got wrong of it
        self._rank = np.empty(capacity)
        self._norm = np.empty(capacity)
        self._free = list(range(capacity))
        # Rounding of H and S, and of a dot product of this length in at least 32 partial sums.
        self._epsilon = 2.0**-24 * (length / 32 + 4)

    def put(
        self, rows: Rows, gains: Gains, tangents: np.ndarray[Any, np.dtype[np.float32]], objective: InformationOfTexts, keys: Rows
    ) -> None:
        """Keep these rows' tangents, in place of the least promising rows' when there is no room."""
        new = rows[self.slots[rows] < 0]
        if len(new) > len(self._free):
            self._evict(keys)
        for row in new[: len(self._free)]:
            self.slots[row] = self._free.pop()
        kept = self.slots[rows] >= 0
        slots, h = self.slots[rows[kept]], tangents[kept]
        self._h[slots] = h
        self._norm[slots] = np.sqrt(2.0) * np.linalg.norm(h, axis=1)
        self._gain[slots] = gains[kept]
        self._inner[slots] = h @ objective.s_packed - self._epsilon * self._norm[slots] * objective.s_norm
        self._rank[slots] = np.clip(objective.lengths[rows[kept]], 1, objective.d)

    def _evict(self, keys: Rows) -> None:
        held = np.flatnonzero(self.slots >= 0)
        out = held[np.argsort(keys[held], kind="stable")[: max(len(held) // 4, 1)]]
        self._free.extend(self.slots[out].tolist())
        self.slots[out] = -1

    def bounds(self, rows: Rows, objective: InformationOfTexts) -> Gains:
        """Upper bounds on the gains of rows that have a tangent, shape (n_rows,)."""
        slots = self.slots[rows]
        n_store = len(self._h)
        is_scattered = len(slots) < n_store // 4  # else reading the whole store in its order is faster
        dots = self._dots(slots, objective) if is_scattered else self._dots(range(n_store), objective)[slots]
        fall = self._inner[slots] - dots - self._epsilon * self._norm[slots] * objective.s_norm  # t, at least
        rank = self._rank[slots]
        answer: Gains = self._gain[slots] + rank * np.log1p(-np.clip(fall / rank, 0.0, 1.0 - 1e-12))
        return answer

    def _dots(self, slots: Rows | range, objective: InformationOfTexts) -> Gains:
        """<H, S> of these slots, a share of them on each thread."""
        dots = np.empty(len(slots))

        def multiply(first: int, last: int) -> None:
            for start in range(first, last, _N_DOTS):
                part = slots[start : min(start + _N_DOTS, last)]
                h = self._h[part.start : part.stop] if isinstance(part, range) else self._h[part]
                dots[start : start + len(part)] = h @ objective.s_packed

        objective.run(multiply, len(slots), _N_SHARE)
        return dots


class _Bounds:
    """An upper bound on every text's gain, as a key, and how it came about."""

    def __init__(self, objective: InformationOfTexts, *, capacity: int) -> None:
        rows = np.arange(len(objective.texts), dtype=np.int64)
        self.gains = objective.refresh(rows)  # (n,)
        self.step = grid(float(self.gains.max()))
        self.keys = priorities(self.gains, rows, self.step)
        self.is_true = np.ones(len(rows), dtype=bool)
        self.is_tight = np.ones(len(rows), dtype=bool)  # by the tangent, at this S
        self._objective = objective
        self._tangents = _Tangents(len(rows), capacity=capacity, d=objective.d)

    def take(self, row: int) -> None:
        self.keys[row] = TAKEN
        self._objective.choose(row)
        self.is_true[:] = False
        self.is_tight[:] = False

    def loose(self, rows: Rows) -> Rows:
        """Those whose bound their tangent could lower."""
        return rows[~self.is_tight[rows] & (self._tangents.slots[rows] >= 0)]

    def tighten(self, rows: Rows) -> None:
        self.gains[rows] = np.minimum(self.gains[rows], self._tangents.bounds(rows, self._objective))
        self.keys[rows] = priorities(self.gains[rows], rows, self.step)
        self.is_tight[rows] = True

    def evaluate(self, rows: Rows) -> None:
        self.gains[rows], tangents = self._objective.gains_and_tangents(rows)
        self.keys[rows] = priorities(self.gains[rows], rows, self.step)
        self.is_true[rows] = self.is_tight[rows] = True
        self._tangents.put(rows, self.gains[rows], tangents, self._objective, self.keys)


def _best(bounds: _Bounds) -> int:
    """The row of the highest true gain: first finds a good one, then looks at whatever could still be better."""
    contenders = top(bounds.keys, min(_FIRST_LOOK, len(bounds.keys)))
    contenders = contenders[bounds.keys[contenders] != TAKEN]
    best, highest, n_evaluate = -1, TAKEN, 2
    while len(contenders):
        loose = bounds.loose(contenders)
        if len(loose):
            bounds.tighten(loose)
        unknown = contenders[~bounds.is_true[contenders] & (bounds.keys[contenders] > highest)]
        if len(unknown):
            bounds.evaluate(unknown[top(bounds.keys[unknown], n_evaluate)])
            n_evaluate *= 2
        known = contenders[bounds.is_true[contenders]]
        if len(known):
            winner = int(known[bounds.keys[known].argmax()])
            best, highest = max((best, highest), (winner, int(bounds.keys[winner])), key=lambda pair: pair[1])
        contenders = np.flatnonzero(bounds.keys > highest)
    return best


def greedy(objective: InformationOfTexts, *, budget: int, capacity: int) -> tuple[Rows, Gains]:
    """Rows in the order that greedy chooses them, and their gains, both of shape (budget,).

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
