"""Cosine similarities in blocks: fast in float32, decided in float64."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array, Numbers
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.spread import Spread

SLACK = 1e-5  # more than float32 products of unit vectors of some thousand numbers are ever off
BLOCK = 1_024
TURN = 16 * BLOCK  # rows whose pairs are held before they are handed on
PAIRS = 2_048  # gathered at a time


def unit_rows(x: Array) -> Array:
    """Scale rows to length one, (n, d) float32; a row of zeros stays zero, similar to nothing."""
    lengths = np.sqrt(np.einsum("ij,ij->i", x, x, dtype=np.float64))
    return x / np.where(lengths > 0, lengths, 1).astype(np.float32)[:, None]


def exact_unit_rows(x: Array) -> Numbers:
    """Scale rows to length one, (n, d) float64; a row of zeros stays zero."""
    units: Numbers = x.astype(np.float64)
    lengths = np.sqrt(np.einsum("ij,ij->i", units, units))
    units /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return units


def exact_cosines(x: Array, y: Array) -> Array:
    """Return the cosine of every row of ``x`` with the same row of ``y``: (n,) float64.

    Rounded to 12 digits, so that equal vectors of different lengths tie, and ties go by
    fingerprint.
    """
    dots = np.einsum("ij,ij->i", x, y, dtype=np.float64)
    lengths = np.sqrt(
        np.einsum("ij,ij->i", x, x, dtype=np.float64)
        * np.einsum("ij,ij->i", y, y, dtype=np.float64)
    )
    return np.round(np.where(lengths > 0, dots / np.where(lengths > 0, lengths, 1), 0), 12)


def pair_cosines(x: Array, i: Array, y: Array, j: Array) -> Array:
    """Return `exact_cosines` of rows ``i`` of ``x`` with rows ``j`` of ``y``: (n,).

    Only a few rows are gathered at a time.
    """
    parts = [
        exact_cosines(x[i[start : start + PAIRS]], y[j[start : start + PAIRS]])
        for start in range(0, len(i), PAIRS)
    ]
    return np.concatenate([np.empty(0), *parts])


def similar_pairs(
    x: Array, threshold: float, for_blocks: ForBlocks[Any]
) -> Iterator[tuple[Array, Array, Array]]:
    """Yield every pair of rows whose cosine is at least ``threshold``, without the n x n matrix.

    Args:
        x: (n, d) float32; rows of zeros have no pairs.
        threshold: above 0.
        for_blocks: see ``row_blocks``.

    Yields:
        A block of rows' pairs: i, j (int64, i < j) and their cosine (float64).
    """
    n = len(x)
    spread = Spread(
        np.arange(n),
        size=BLOCK,
        for_blocks=for_blocks,
        cost=x.size / 2,
        name="pairs",
        whole=(x, unit_rows(x)),
        turn=TURN,
    )
    for answers in spread.stream(partial(_pairs_of_block, threshold)):
        yield from answers


def _pairs_of_block(
    threshold: float, rows: Array, x: Array, units: Array
) -> tuple[Array, Array, Array]:
    """Return the pairs of a block's rows with rows from there on."""
    start, stop = int(rows[0]), int(rows[-1]) + 1
    found = []
    for other in range(start, len(x), BLOCK):
        near = units[start:stop] @ units[other : other + BLOCK].T  # (BLOCK, BLOCK)
        i, j = np.nonzero(near >= threshold - SLACK)
        i, j = i + start, j + other
        above = i < j
        found.append((i[above], j[above]))
    i, j = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    cosines = pair_cosines(x, i, x, j)
    kept = cosines >= threshold
    return i[kept], j[kept], cosines[kept]
