"""Rows in the order of a score, and the most similar row before each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Array, Numbers, Rows, Vectors
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.relation import numbers_of
from catalog.kernels._common.screen import Screen
from catalog.kernels._common.similarity import pair_cosines

N_SHARE = 256  # rows of a block that one thread takes at a time
_N_TILE = 512  # rows before them, so that the products stay in the second cache


def by_score(rows: pa.Table, score: str, *, function: str) -> pa.Table:
    """Return the rows by score, highest first; equal scores stay in fingerprint order."""
    scores = numbers_of(rows, score, function=function)
    return rows.take(pa.array(np.argsort(-scores, kind="stable")))


def nearest_of(
    x: Vectors,
    units: Array,
    block: Rows,
    others: Rows,
    other_units: Array,
    similarity: Numbers,
    nearest: Rows,
    for_blocks: ForBlocks[Any],
    screen: Screen,
) -> None:
    """Update the most similar of ``others`` that comes before each row of the block, in place.

    ``units`` are the unit rows of ``x``, and ``other_units`` those of ``others``, as the screen
    takes them.
    """

    def update(start: int, stop: int) -> None:
        rows = block[start:stop]
        row, other = _highest(screen, units[rows], rows, other_units, others, similarity[rows])
        cosines = pair_cosines(x, rows[row], x, others[other])
        best_first = np.lexsort((others[other], -cosines, row))
        row, other, cosines = row[best_first], other[best_first], cosines[best_first]
        is_best = np.diff(row, prepend=-1) > 0
        row, other, cosines = row[is_best], other[is_best], cosines[is_best]
        is_better = cosines > similarity[rows[row]]
        similarity[rows[row[is_better]]], nearest[rows[row[is_better]]] = (
            cosines[is_better],
            others[other[is_better]],
        )

    for_blocks(update, len(block), N_SHARE)


def _highest(
    screen: Screen, mine: Array, rows: Rows, other_units: Array, others: Rows, similarity: Numbers
) -> tuple[Rows, Rows]:
    """Return pairs of a row and an earlier one that the screen cannot tell from the row's highest.

    There are none where the highest is known already.

    Returns:
        Positions in ``rows`` and in ``others``, in no order; those within twice its slack of the
        highest, to be compared in float64.
    """
    within = 2 * screen.slack
    highest = similarity.astype(np.float32)  # (n_rows,)
    found = [
        (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
    ]
    for start in range(0, int(np.searchsorted(others, rows[-1])), _N_TILE):
        tile = others[start : start + _N_TILE]
        near = screen.cosines(mine, other_units[start : start + _N_TILE])  # (n_rows, n_tile)
        if tile[-1] >= rows[0]:
            near[tile[None, :] >= rows[:, None]] = -np.inf
        best = near.max(axis=1)
        np.maximum(highest, best, out=highest)
        hit = np.flatnonzero(best >= highest - within)  # few, once some tiles have been seen
        row, other = np.nonzero(near[hit] >= (highest[hit] - within)[:, None])
        found.append((hit[row], other + start, near[hit[row], other]))
    row, other, product = (np.concatenate([piece[part] for piece in found]) for part in (0, 1, 2))
    is_high = (product >= highest[row] - within) & (product > -np.inf)
    return row[is_high], other[is_high]
