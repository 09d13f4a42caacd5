"""Rows in the order of a score, and the most similar row before each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.relation import numbers_of
from catalog.kernels._common.similarity import SLACK, pair_cosines

N_SHARE = 256  # rows of a block that one thread takes at a time
_N_TILE = 512  # rows before them, so that the products stay in the second cache


def by_score(rows: pa.Table, score: str, *, function: str) -> pa.Table:
    """Return the rows by score, highest first; equal scores stay in fingerprint order."""
    scores = numbers_of(rows, score, function=function)
    return rows.take(pa.array(np.argsort(-scores, kind="stable")))


def nearest_of(
    x: Vectors,
    units: Vectors,
    block: Rows,
    others: Rows,
    other_units: Vectors,
    similarity: Numbers,
    nearest: Rows,
    for_blocks: ForBlocks[Any],
) -> None:
    """Update the most similar of ``others`` that comes before each row of the block, in place."""

    def update(start: int, stop: int) -> None:
        rows = block[start:stop]
        row, other = _highest(units[rows], rows, other_units, others, similarity[rows])
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
    mine: Vectors, rows: Rows, other_units: Vectors, others: Rows, similarity: Numbers
) -> tuple[Rows, Rows]:
    """Return pairs of a row and an earlier one that float32 cannot tell from the row's highest.

    There are none where the highest is known already.

    Returns:
        Positions in ``rows`` and in ``others``, in no order; those within 2 SLACK of the highest,
        to be compared in float64.
    """
    highest = similarity.astype(np.float32)  # (n_rows,)
    found = [
        (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
    ]
    for start in range(0, int(np.searchsorted(others, rows[-1])), _N_TILE):
        tile = others[start : start + _N_TILE]
        near = mine @ other_units[start : start + _N_TILE].T  # (n_rows, n_tile)
        if tile[-1] >= rows[0]:
            near[tile[None, :] >= rows[:, None]] = -np.inf
        best = near.max(axis=1)
        np.maximum(highest, best, out=highest)
        hit = np.flatnonzero(best >= highest - 2 * SLACK)  # few, once some tiles have been seen
        row, other = np.nonzero(near[hit] >= (highest[hit] - 2 * SLACK)[:, None])
        found.append((hit[row], other + start, near[hit[row], other]))
    row, other, product = (np.concatenate([piece[part] for piece in found]) for part in (0, 1, 2))
    is_high = (product >= highest[row] - 2 * SLACK) & (product > -np.inf)
    return row[is_high], other[is_high]
