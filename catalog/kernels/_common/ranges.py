"""Lists of unlike lengths that lie end to end in one array."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from catalog.kernels._common.arrays import Array, Rows


def offsets_of(lengths: Array) -> Rows:
    """Return where every list starts, and where the last one ends, (n + 1,).

    >>> offsets_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])


def positions_in(starts: Rows, lengths: Rows) -> Rows:
    """Return the positions of several ranges, one range after another.

    >>> positions_in(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.cumsum(lengths) - lengths  # of each range in the answer
    shifts: Rows = np.repeat(starts - before, lengths)
    return shifts + np.arange(len(shifts), dtype=np.int64)


def runs(work: Array, size: int) -> Iterator[tuple[int, int]]:
    """Yield bounds of runs of about ``size`` of cumulative work, (m,) ascending.

    >>> [*runs(np.array([1, 2, 3, 9, 10]), 3)]
    [(0, 2), (2, 3), (3, 5)]
    """
    total = int(work[-1]) if len(work) else 0
    if total:
        starts = np.unique(np.searchsorted(work, np.arange(0, total, size)))
        yield from itertools.pairwise([*starts.tolist(), len(work)])
