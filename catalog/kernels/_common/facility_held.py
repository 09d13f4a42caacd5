"""Facility location of few rows, with the similarities of all pairs held."""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows
from catalog.kernels._common.parallel import ForBlocks

_N_BLOCK = 1024


class HeldSimilarities:
    """The sum of every row's best similarity to the chosen, as ``lazy_greedy`` asks for it.

    Args:
        units: vectors of length 1 or 0, float64, (n, d).
        bonus: what a row's gain has beside its similarities, whatever was chosen, (n,).
        for_blocks: the threads.
    """

    def __init__(self, units: Numbers, bonus: Numbers, *, for_blocks: ForBlocks[Any]) -> None:
        n = len(units)
        self._bonus = bonus
        self._similar: Numbers = np.empty((n, n))
        self._best: Numbers = np.zeros(n)  # similarity of every row to its nearest chosen one
        self._front: Rows = np.empty(0, dtype=np.int64)
        self._front_gains: Numbers = np.empty(0)
        for_blocks(lambda start, stop: self._compare(units, start, stop), n, _N_BLOCK)

    def first(self) -> Numbers:
        """Return every row's gain over the empty solution, (n,): the sum of its similarities."""
        sums: Numbers = self._similar.sum(axis=1)
        return sums + self._bonus

    def load(self, rows: Rows) -> None:
        """Make these rows the front."""
        self._front = rows
        self._front_gains = self.refresh(rows)

    def accept(self, position: int) -> Numbers:
        """Choose one row of the front; return the front's gains after it, (n_front,)."""
        similar = self._similar[self._front[position]]
        closer = np.flatnonzero(similar > self._best)
        rise = similar[closer] - self._best[closer]
        gained = self._similar[closer[:, None], self._front] - self._best[closer, None]
        np.clip(gained, 0.0, rise[:, None], out=gained)
        self._best[closer] = similar[closer]
        self._front_gains -= gained.sum(axis=0)
        return self._front_gains

    def refresh(self, rows: Rows) -> Numbers:
        """Return the current gains of any rows, (n_rows,): one row at a time fits the cache."""
        better = np.empty(len(self._best))
        sums = np.empty(len(rows))
        for place, row in enumerate(rows.tolist()):
            np.maximum(self._similar[row], self._best, out=better)
            sums[place] = np.add.reduce(better)
        sums -= self._best.sum()
        return sums + self._bonus[rows]

    def _compare(self, units: Numbers, start: int, stop: int) -> None:
        for left in range(start, len(units), _N_BLOCK):
            tile = units[start:stop] @ units[left : left + _N_BLOCK].T
            np.maximum(tile, 0.0, out=tile)
            self._similar[start:stop, left : left + _N_BLOCK] = tile
            self._similar[left : left + _N_BLOCK, start:stop] = tile.T
