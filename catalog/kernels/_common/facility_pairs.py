"""The later picks of facility location, by the few pairs of rows that still count.

Best similarities only rise, so a pair whose similarity is not above the best of its row adds to no
gain any more, at this pick or a later one. After some dozen picks few pairs are left: they are
listed once, and every gain is kept up to date as picks are made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.facility_early import EarlyPicks
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.ranges import offsets_of, positions_in

_N_BLOCK = 512  # rows of one tile of similarities
_N_COLUMNS = 1024
BYTES_PER_PAIR = 64  # both lists of it, and what making them takes

_Tile = tuple[Array, Array, Numbers]
"""Pairs that count: rows, columns (int32) and similarities (float64)."""


class PairPicks:
    """A greedy choice over lists of the pairs that count, with every gain known.

    Args:
        early: the picks so far.
        most: how many pairs may be listed.
        for_blocks: the threads.

    Raises:
        TooManyPairsError: more than ``most`` pairs count.
    """

    def __init__(self, early: EarlyPicks, *, most: int, for_blocks: ForBlocks[Any]) -> None:
        by_row = _pairs(early, most=most, for_blocks=for_blocks)
        by_column = by_row.tocsc()
        self._n = len(early.best)
        self._best = early.best
        self._is_taken = early.is_taken
        self._step = early.step
        self._starts: Rows = by_row.indptr.astype(np.int64)
        self._lengths: Rows = np.diff(self._starts)
        self._columns: Array = by_row.indices
        self._similar: Numbers = by_row.data
        self._column_starts: Rows = by_column.indptr.astype(np.int64)
        self._column_rows: Array = by_column.indices
        self._column_similar: Numbers = by_column.data
        rise = self._similar - np.repeat(self._best, self._lengths)
        pairs = np.bincount(self._columns, weights=rise, minlength=self._n)
        self._gains: Numbers = early.bonus + pairs
        self._n_picks = 0

    def pick(self) -> tuple[int, float]:
        """Choose the row of the highest gain, equal ones by the lowest row; return it and its gain.

        At least one row must be left to choose.
        """
        self._gains[self._is_taken] = -1.0
        rows = np.flatnonzero(self._gains >= self._gains.max() - 2 * self._step)
        rows = rows[~self._is_taken[rows]]
        rounded = np.rint(np.maximum(self._gains[rows], 0.0) / self._step)
        row = int(rows[rounded.argmax()])
        gain = max(float(self._gains[row]), 0.0)
        self._is_taken[row] = True
        self._raise_best(row)
        self._n_picks += 1
        if self._n_picks in (16, 64) or self._n_picks % 256 == 0:
            self._forget_what_counts_no_more()
        return row, gain

    def _raise_best(self, row: int) -> None:
        """Raise the best similarity of the rows near a chosen row, and lower the gains by it."""
        near = slice(self._column_starts[row], self._column_starts[row + 1])
        rows, similar = self._column_rows[near], self._column_similar[near]
        is_higher = similar > self._best[rows]
        rows, similar = rows[is_higher], similar[is_higher]
        if not len(rows):
            return
        before = self._best[rows]
        self._best[rows] = similar
        lengths = self._lengths[rows]
        listed = positions_in(self._starts[rows], lengths)
        fall = np.minimum(self._similar[listed], np.repeat(similar, lengths))
        fall -= np.repeat(before, lengths)
        np.maximum(fall, 0.0, out=fall)
        self._gains -= np.bincount(self._columns[listed], weights=fall, minlength=self._n)

    def _forget_what_counts_no_more(self) -> None:
        """Shorten every row's list to the pairs above its best similarity."""
        counts = self._similar > np.repeat(self._best, self._lengths)
        row_of = np.repeat(np.arange(self._n, dtype=np.int32), self._lengths)
        self._lengths = np.bincount(row_of[counts], minlength=self._n).astype(np.int64)
        self._starts = offsets_of(self._lengths)
        self._columns, self._similar = self._columns[counts], self._similar[counts]


class TooManyPairsError(Exception):
    """More pairs still count than may be listed."""


def _pairs(early: EarlyPicks, *, most: int, for_blocks: ForBlocks[Any]) -> Any:
    """List the pairs whose similarity is above the row's best.

    Returns:
        Their similarities by row, float64, as a ``csr_array`` (n, n).

    Raises:
        TooManyPairsError: there are more than ``most``.
    """
    from scipy.sparse import coo_array

    n = len(early.best)
    n_listed = 0  # threads may lose a count, so it is at most as many as there are

    def share(start: int, stop: int) -> list[_Tile] | None:
        nonlocal n_listed
        if n_listed > most:
            return None
        tiles = list(_tiles(early, start, stop))
        n_listed += sum(len(rows) for rows, _, _ in tiles)
        return tiles

    parts = for_blocks(share, n, _N_BLOCK)
    tiles = [tile for part in parts for tile in part or []]
    if None in parts or sum(len(rows) for rows, _, _ in tiles) > most:
        raise TooManyPairsError
    rows, columns, similar = (np.concatenate(arrays) for arrays in zip(*tiles, strict=True))
    del parts, tiles
    return coo_array((similar, (rows, columns)), shape=(n, n)).tocsr()


def _tiles(early: EarlyPicks, start: int, stop: int) -> Iterator[_Tile]:
    """Compare a block of rows with the rows from there on; each pair may count for either row.

    Where only some rows can be chosen, it is compared with all of these.
    """
    if early.candidates is not None:
        yield from _tiles_of_candidates(early, early.candidates, start, stop)
        return
    for left in range(start, len(early.best), _N_COLUMNS):
        right = min(left + _N_COLUMNS, len(early.best))
        near = early.units[start:stop] @ early.units[left:right].T  # (n_block, n_columns)
        yield _tile(near > early.best[start:stop, None], near, start, left)
        # The tile of the block's own rows holds each of their pairs both ways already.
        new = min(max(left, stop), right)
        other = near[:, new - left :].T
        yield _tile(other > early.best[new:right, None], other, new, start)


def _tiles_of_candidates(
    early: EarlyPicks, candidates: Rows, start: int, stop: int
) -> Iterator[_Tile]:
    for left in range(0, len(candidates), _N_COLUMNS):
        columns = candidates[left : left + _N_COLUMNS]
        near = early.units[start:stop] @ early.units[columns].T  # (n_block, n_columns)
        rows, places, similar = _tile(near > early.best[start:stop, None], near, start, 0)
        yield rows, columns[places].astype(np.int32), similar


def _tile(counts: Array, near: Numbers, first_row: int, first_column: int) -> _Tile:
    rows, columns = np.nonzero(counts)
    similar = near[rows, columns]
    return (rows + first_row).astype(np.int32), (columns + first_column).astype(np.int32), similar
