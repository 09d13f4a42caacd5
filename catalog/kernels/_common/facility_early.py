"""The first picks of facility location, when almost every pair of rows still counts.

A gain can only fall from pick to pick (submodularity), so what a gain once was is an upper bound.
Bounds are tightened by float32 products, and only what could still win is computed in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.lazy_greedy import grid
from catalog.kernels._common.parallel import ForBlocks

_N_BLOCK = 512  # rows of one tile of float32 similarities
_N_COLUMNS = 1024  # columns of one tile
_N_EXACT_BLOCK = 2048  # rows of one float64 product
_N_FIRST = 16  # bounds that a pick tightens before it doubles their number
_N_CONFIRMED = 4  # gains computed in float64 at a time


def slack(d: int) -> float:
    """Return more than float32 is off, for a row, in a product of unit vectors and its sum.

    >>> slack(384), slack(4096)
    (2e-05, 8e-05)
    """
    return 2e-5 * max(1.0, d / 1024)


class EarlyPicks:
    """A greedy choice that keeps one upper bound per row and confirms the highest ones.

    Attributes:
        units: the unit vectors, float64, (n, d); rows of zeros stay zeros.
        bonus: what a row's gain has beside its similarities, whatever was chosen, (n,).
        coarse: the same vectors in float32.
        best: every row's similarity to the nearest chosen row, float64, (n,), 0 at first.
        is_taken: the rows that are chosen, (n,).
        step: the grid on which gains are compared; 0.0 before the first pick.
        candidates: the rows that can be chosen, ascending; the others count as taken. None: all.
    """

    def __init__(
        self,
        units: Numbers,
        bonus: Numbers,
        *,
        for_blocks: ForBlocks[Any],
        candidates: Rows | None = None,
    ) -> None:
        n, d = units.shape
        self.bonus = bonus
        self.units = units
        self.coarse: Vectors = units.astype(np.float32)
        self.best: Numbers = np.zeros(n)
        self.is_taken = np.zeros(n, dtype=bool)
        self.step = 0.0
        self._for_blocks = for_blocks
        self._slack = slack(d)
        self.candidates = candidates
        if candidates is None:
            self._bounds = self._bound_all()
        else:
            self.is_taken[:] = True
            self.is_taken[candidates] = False
            self._bounds = np.full(n, -1.0)
            self._bounds[candidates] = self._bound(candidates)

    def pick(self) -> tuple[int, float]:
        """Choose the row of the highest gain, equal ones by the lowest row; return it and its gain.

        At least one row must be left to choose.
        """
        is_exact = self._confirm()
        if not self.step:
            self.step = grid(float(self._bounds[is_exact].max()))
        candidates = np.flatnonzero(is_exact)
        rounded = np.rint(self._bounds[candidates] / self.step)
        row = int(candidates[rounded.argmax()])
        gain = float(self._bounds[row])
        self.is_taken[row] = True
        self.best = np.maximum(self.best, self.units @ self.units[row])
        return row, gain

    def n_pairs_that_count(self, n_rows: int = 256) -> float:
        """Return the estimated number of pairs that can still add to a gain, from some rows."""
        n = len(self.best)
        rows = np.linspace(0, n - 1, min(n_rows, n)).astype(np.int64)
        others = self.coarse if self.candidates is None else self.coarse[self.candidates]
        near = self.coarse[rows] @ others.T  # (n_rows, n or fewer)
        return float((near > self.best[rows, None]).mean()) * n * len(others)

    def _confirm(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Compute gains in float64, from the highest bound down, until no other row could win."""
        n = len(self.best)
        is_exact = np.zeros(n, dtype=bool)
        is_tight = np.full(n, not self.step)  # the first bounds are those of this pick
        highest, n_next = -1.0, _N_FIRST
        while True:
            # Rows within two steps could round to the same gain, and ties go to the lowest row.
            rows = np.flatnonzero(
                ~is_exact & ~self.is_taken & (self._bounds >= highest - 2 * self.step)
            )
            if not len(rows):
                return is_exact
            if n_next > _N_FIRST and (~is_tight[rows]).sum() > n / 3:
                self._bounds = np.where(
                    is_exact, self._bounds, np.minimum(self._bounds, self._bound_all())
                )
                is_tight[:] = True
                continue
            top = rows[np.argsort(-self._bounds[rows], kind="stable")[:n_next]]
            n_next *= 2
            loose = top[~is_tight[top]]
            if len(loose):
                self._bounds[loose] = np.minimum(self._bounds[loose], self._bound(loose))
                is_tight[loose] = True
            top = top[np.argsort(-self._bounds[top], kind="stable")[:_N_CONFIRMED]]
            top = top[self._bounds[top] >= highest - 2 * self.step]
            if len(top):
                self._bounds[top] = self._gains(top)
                is_exact[top] = True
                highest = max(highest, float(self._bounds[top].max()))

    def _gains(self, rows: Rows) -> Numbers:
        """Return the gains of rows in float64, (n_rows,)."""
        columns = self.units[rows].T  # (d, n_rows)

        def share(start: int, stop: int) -> Numbers:
            gained = self.units[start:stop] @ columns
            gained -= self.best[start:stop, None]
            sums: Numbers = np.maximum(gained, 0.0, out=gained).sum(axis=0)
            return sums

        total: Numbers = np.sum(self._for_blocks(share, len(self.best), _N_EXACT_BLOCK), axis=0)
        return total + self.bonus[rows]

    def _bound(self, rows: Rows) -> Numbers:
        """Return upper bounds of the gains of rows by float32 products, (n_rows,)."""
        columns = self.coarse[rows].T.copy()  # (d, n_rows)
        ones = np.ones(_N_COLUMNS, dtype=np.float32)
        best = self.best.astype(np.float32)

        def share(start: int, stop: int) -> Numbers:
            near = self.coarse[start:stop] @ columns
            np.maximum(near, best[start:stop, None], out=near)
            reached: Numbers = (ones[: stop - start] @ near).astype(np.float64)
            reached -= best[start:stop].sum(dtype=np.float64)
            return reached

        sums = np.sum(self._for_blocks(share, len(self.best), _N_COLUMNS), axis=0)
        return self._above(sums) + self.bonus[rows]

    def _bound_all(self) -> Numbers:
        """Return upper bounds of the gains of all rows, (n,), from every pair's product once."""
        n = len(self.best)
        best = self.best.astype(np.float32)

        def share(start: int, stop: int) -> Numbers:
            sums = np.zeros(n)
            for top in range(start, stop, _N_BLOCK):
                self._add_gains(sums, best, top, min(top + _N_BLOCK, stop))
            return sums

        total: Numbers = np.zeros(n)
        # At most 64 sums are held, whatever the number of rows and threads.
        for sums in self._for_blocks(share, n, _N_BLOCK * (1 + n // (64 * _N_BLOCK))):
            total += sums
        return self._above(total) + self.bonus

    def _add_gains(self, sums: Numbers, best: Vectors, start: int, stop: int) -> None:
        """Add to all gains what the pairs of a block of rows and the rows from there on give."""
        n = len(best)
        ones = np.ones(_N_COLUMNS, dtype=np.float32)
        of_block = best[start:stop].sum(dtype=np.float64)
        for left in range(start, n, _N_COLUMNS):
            right = min(left + _N_COLUMNS, n)
            near = self.coarse[start:stop] @ self.coarse[left:right].T
            # The tile of the block's own rows holds each of their pairs both ways already.
            new = min(max(left, stop), right)
            other = np.maximum(near[:, new - left :], best[start:stop, None])
            sums[new:right] += ones[: stop - start] @ other
            sums[new:right] -= of_block
            np.maximum(near, best[None, left:right], out=near)
            sums[start:stop] += near @ ones[: right - left]
            sums[start:stop] -= best[left:right].sum(dtype=np.float64)

    def _above(self, sums: Numbers) -> Numbers:
        """Add to float32 gains what they may lack, for every row that is summed."""
        higher: Numbers = sums + self._slack * len(self.best)
        return higher
