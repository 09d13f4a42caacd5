"""The k nearest rows of each row, exactly: float32 products in blocks, decided in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.parallel import ForBlocks

_N_COMPARED = 2**23  # numbers of a block of rows by all others
_N_ROWS = (16, 128)  # of a block, at least and at most
_N_MINIMA = 64  # numbers of which a first pass keeps the least


class NearRows:
    """Rows (n, d) among which neighbours by Euclidean distance are looked for.

    The float32 product of a block with all rows orders them roughly. The k-th least of the minima
    of groups of columns bounds the k-th least distance from above, so that few rows are left for
    float64. Equal distances go to the lowest row: the answer depends on the rows alone.
    """

    def __init__(self, x: Array) -> None:
        self._x = x
        narrow = np.asarray(x, dtype=np.float32)
        squares = np.einsum("ij,ij->i", narrow, narrow)
        self._right = np.concatenate([-2 * narrow, squares[:, None]], axis=1).T  # (d + 1, n)
        self._largest = float(squares.max(initial=0.0))

    def nearest(
        self, y: Array, k: int, for_blocks: ForBlocks[Any], *, first_row: int = -1
    ) -> tuple[Rows, Numbers]:
        """Return the k nearest rows of each of ``y`` (m, d), nearest first.

        Args:
            y: what to find neighbours of.
            k: how many, at most n, or n - 1 where a row is left out.
            for_blocks: see ``row_blocks``.
            first_row: the row that ``y[0]`` is, if ``y`` are rows of x in order, which are not
                their own neighbours.

        Returns:
            Rows, int64 (m, k), and squared distances, float64 (m, k).
        """
        rows = np.empty((len(y), k), dtype=np.int64)
        distances = np.empty((len(y), k))

        def block(start: int, stop: int) -> None:
            part = y[start:stop]
            near = self._roughly(part)
            if first_row >= 0:
                own = np.arange(first_row + start, first_row + stop)
                near[np.arange(len(part)), own] = np.inf
            query, row = self._candidates(near, k, part)
            rows[start:stop], distances[start:stop] = self._decided(part, query, row, k)

        size = int(np.clip(_N_COMPARED // len(self._x), *_N_ROWS))
        for_blocks(block, len(y), size)
        return rows, distances

    def _roughly(self, y: Array) -> Array:
        """Return squared distances less |y|^2, float32 (m, n)."""
        left = np.ones((len(y), y.shape[1] + 1), dtype=np.float32)
        left[:, :-1] = y
        near: Array = left @ self._right
        return near

    def _candidates(self, near: Array, k: int, y: Array) -> tuple[Rows, Rows]:
        """Return the pairs that may be among the k nearest, by query and row."""
        m, n = near.shape
        group = max(1, min(n // (2 * k), _N_MINIMA))
        n_groups = n // group
        minima = near[:, : n_groups * group].reshape(m, group, n_groups).min(axis=1)
        bound = np.partition(minima, k - 1, axis=1)[:, k - 1]
        largest = max(self._largest, float(np.einsum("ij,ij->i", y, y).max()))
        slack = np.float32(4 * (y.shape[1] + 4) * 2.0**-24 * largest)
        query, row = np.divmod(np.flatnonzero(near <= (bound + slack)[:, None]), n)
        return query, row

    def _decided(self, y: Array, query: Rows, row: Rows, k: int) -> tuple[Rows, Numbers]:
        """Return the k nearest of the candidates of each query, (m, k)."""
        apart = y[query].astype(np.float64)
        apart -= self._x[row]
        distance = np.einsum("ij,ij->i", apart, apart)
        order = np.lexsort((row, distance, query))
        first = np.searchsorted(query, np.arange(len(y)))
        taken = order[first[:, None] + np.arange(k)]
        return row[taken], distance[taken]


def median_places(
    x: Array, places: Array, y: Array, *, k: int, for_blocks: ForBlocks[Any]
) -> Numbers:
    """Return a place for each of ``y`` (m, d): the medians of the places of its k nearest of x.

    Args:
        x: rows that have places, (n, d).
        places: their places, (n, 2).
        y: rows without.
        k: neighbours that count, all of x where they are fewer.
        for_blocks: see ``row_blocks``.
    """
    near, _ = NearRows(x).nearest(y, min(k, len(x)), for_blocks)
    answer: Numbers = np.median(places[near], axis=1)
    return answer
