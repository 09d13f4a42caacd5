"""Upper bounds on what texts add, from what they would have added earlier.

This is the store behind ``log_det`` of token states.
"""

from __future__ import annotations

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.log_det_information import InformationOfTexts

_N_DOTS = 32  # tangents copied together for one product: they should stay in the cache
_N_SHARE = 1024  # tangents that one thread takes at a time


def tangent_bytes(d: int) -> int:
    """Return the bytes of one text's tangent."""
    return 4 * (d * (d + 1) // 2)


class Tangents:
    """Store of tangents for some of the rows."""

    def __init__(self, n: int, *, capacity: int, d: int) -> None:
        length = d * (d + 1) // 2
        self.slots = np.full(n, -1, dtype=np.int64)  # (n,) a row's place in the store
        self._h = np.empty((capacity, length), dtype=np.float32)
        self._gain = np.empty(capacity)  # at R
        self._inner = np.empty(capacity)  # <H, R>, less what float32 may have got wrong of it
        self._rank = np.empty(capacity)
        self._error = np.empty(capacity)  # of <H, S>, for each unit of S's norm
        self._free = list(range(capacity - 1, -1, -1))
        self._n_used = 0  # slots from here on were never used
        # Rounding of S and of a dot product of this length in at least 32 partial sums.
        self._n_roundings = length / 32 + 4
        self._diagonal = length - np.arange(d, 0, -1) * np.arange(d + 1, 1, -1) // 2  # (d,)

    def put(
        self,
        rows: Rows,
        gains: Numbers,
        tangents: Vectors,
        objective: InformationOfTexts,
        keys: Rows,
    ) -> None:
        """Keep these rows' tangents; if there is no room, drop the least promising rows'."""
        new = rows[self.slots[rows] < 0]
        if len(new) > len(self._free):
            self._evict(keys)
        n_new = min(len(new), len(self._free))
        if n_new:
            self.slots[new[:n_new]] = self._free[-n_new:]
            self._n_used = max(self._n_used, max(self._free[-n_new:]) + 1)
            del self._free[-n_new:]
        kept = self.slots[rows] >= 0
        slots, h = self.slots[rows[kept]], tangents if kept.all() else tangents[kept]
        self._h[slots] = h
        lengths = objective.lengths[rows[kept]]
        norms = np.sqrt(2.0 * np.einsum("ij,ij->i", h, h))
        traces = h[:, self._diagonal].sum(axis=1, dtype=np.float64)
        error = 2.0**-24 * (self._n_roundings * norms + (lengths + 4) * traces)
        self._error[slots] = error
        self._gain[slots] = gains[kept]
        self._inner[slots] = h @ objective.s_packed - error * objective.s_norm
        self._rank[slots] = np.clip(lengths, 1, objective.d)

    def _evict(self, keys: Rows) -> None:
        held = np.flatnonzero(self.slots >= 0)
        out = held[np.argsort(keys[held], kind="stable")[: max(len(held) // 4, 1)]]
        self._free.extend(self.slots[out].tolist())
        self.slots[out] = -1

    def bounds(self, rows: Rows, objective: InformationOfTexts) -> Numbers:
        """Upper bounds on the gains of rows that have a tangent, shape (n_rows,)."""
        slots = self.slots[rows]
        is_scattered = (
            len(slots) < self._n_used // 3
        )  # else reading the whole store in its order is faster
        dots = self._dots(slots, objective) if is_scattered else self._all_dots(objective)[slots]
        fall = self._inner[slots] - dots - self._error[slots] * objective.s_norm  # t, at least
        rank = self._rank[slots]
        answer: Numbers = self._gain[slots] + rank * np.log1p(
            -np.clip(fall / rank, 0.0, 1.0 - 1e-12)
        )
        return answer

    def _dots(self, slots: Rows, objective: InformationOfTexts) -> Numbers:
        """<H, S> of these slots."""
        dots = np.empty(len(slots))

        def multiply(first: int, last: int) -> None:
            for start in range(first, last, _N_DOTS):
                stop = min(start + _N_DOTS, last)
                dots[start:stop] = self._h[slots[start:stop]] @ objective.s_packed

        objective.run(multiply, len(slots), _N_SHARE)
        return dots

    def _all_dots(self, objective: InformationOfTexts) -> Numbers:
        """<H, S> of every slot in use."""
        dots = np.empty(self._n_used)

        def multiply(first: int, last: int) -> None:
            dots[first:last] = self._h[first:last] @ objective.s_packed

        objective.run(multiply, self._n_used, _N_SHARE)
        return dots
