"""Pairs of texts with similar sets of shingles, in memory that grows by a few numbers a text.

Sets are made block by block. Of each the hash of the whole and one key a band stay; the sets
themselves stay where they are few, and are made again for the pairs that a band brings up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.engine import Shard
from catalog.engine.local import Local
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.minhash import (
    bands_for,
    candidate_pairs,
)
from catalog.kernels._common.parallel import ForBlocks, row_blocks
from catalog.kernels._common.ranges import runs
from catalog.kernels._common.shingles import HASH_BITS, mixed
from catalog.kernels._common.spread import engine_for
from catalog.kernels._common.text_sets import Hashing, SetsOfBlock, hashed
from catalog.threads import n_threads

PORTION = 1 << 20  # candidate pairs that are verified together
WORK = 1 << 20  # shingles that are compared in a block
BLOCK = 1 << 22  # bytes of text whose sets are made at once
KEPT = 1 << 26  # shingles of all texts up to which their sets stay

Pairs = Iterator[tuple[Array, Array, Array]]


class _PairsOfTexts(NamedTuple):
    """Texts, the places of both sides of each pair in them, and the shingles of both together."""

    texts: pa.Array
    left: Array
    right: Array
    both: Array


class _Sets:
    """Sets of shingles of all texts, each text a row.

    Attributes:
        sizes: of the sets, (n,) int64.
        sums: a hash of each whole set, (n,) uint64. Equal hashes and sizes count as the same set.
        keys: of each set in each band, (bands, n) uint64; 0 for an empty set.
    """

    def __init__(self, texts: pa.ChunkedArray, hashing: Hashing, threshold: float) -> None:
        n = len(texts)
        self._texts, self._hashing = texts, hashing
        n_bands, n_rows = bands_for(threshold, hashing.n_hashes, hashing.recall)
        self.sizes = np.zeros(n, dtype=np.int64)
        self.sums = np.zeros(n, dtype=np.uint64)
        self.keys = np.zeros((n_bands, n), dtype=np.uint64)
        self._kept: list[Array] = []
        self._n_kept = 0
        self._whole: Any = None
        blocks = [*_blocks(texts)]
        self._engine = engine_for(len(blocks))
        self._keeps = isinstance(self._engine, Local)
        work = SetsOfBlock(hashing, n_bands, n_rows, self._keeps)
        shards = (self._shard(number, *block) for number, block in enumerate(blocks))
        with closing(self._engine.run(work, shards)) as answers:
            for (start, stop), answer in zip(blocks, answers, strict=True):
                self._read(start, stop, *answer)

    def _shard(self, number: int, start: int, stop: int) -> Shard[pa.Array]:
        name = f"near_duplicates of texts {start:,} to {stop - 1:,}"
        return Shard(number, name, self._texts.slice(start, stop - start).combine_chunks())

    def _read(
        self, start: int, stop: int, sizes: Array, sums: Array, keys: Array, hashes: Array | None
    ) -> None:
        full = start + np.flatnonzero(sizes)
        self.sizes[start:stop] = sizes
        self.sums[full] = sums
        self.keys[:, full] = keys
        if hashes is None:
            return
        self._n_kept += len(hashes)
        if self._n_kept <= KEPT:
            self._kept.append(hashes)
        else:
            self._keeps = False
            self._kept.clear()

    def common(self, i: Array, j: Array, for_blocks: ForBlocks[Any]) -> Iterator[tuple[int, Array]]:
        """Yield the first of a run of pairs of rows, and how many shingles each of them shares.

        Args:
            i: rows, (m,) int64, best ascending.
            j: rows that they are compared with, (m,).
            for_blocks: see ``row_blocks``.
        """
        both = self.sizes[i] + self.sizes[j]
        if self._keeps:
            yield 0, _common(self._all(), i, j, both, for_blocks)
            return
        bounds = [*runs(np.cumsum(both), 4 * WORK)]
        engine = self._engine if len(bounds) > 1 else Local()
        shards = (
            self._pairs(number, i[start:stop], j[start:stop], both[start:stop])
            for number, (start, stop) in enumerate(bounds)
        )
        with closing(engine.run(partial(_common_of_run, self._hashing), shards)) as answers:
            yield from ((start, answer) for (start, _), answer in zip(bounds, answers, strict=True))

    def _pairs(self, number: int, i: Array, j: Array, both: Array) -> Shard[_PairsOfTexts]:
        rows, places = np.unique(np.concatenate([i, j]), return_inverse=True)
        name = f"near_duplicates, pairs of texts {rows[0]:,} to {rows[-1]:,}"
        texts = _taken(self._texts, rows)
        return Shard(number, name, _PairsOfTexts(texts, places[: len(i)], places[len(i) :], both))

    def _all(self) -> Any:
        if self._whole is None:
            hashes = np.concatenate([np.empty(0, dtype=np.uint64), *self._kept])
            self._kept.clear()
            self._whole = _matrix(np.append(0, np.cumsum(self.sizes)), hashes)
        return self._whole


def pairs_of_texts(
    texts: pa.ChunkedArray,
    threshold: float,
    hashing: Hashing,
    memory: int | None,
    for_blocks: ForBlocks[Any],
) -> Pairs:
    """Yield pairs of rows at or above a Jaccard similarity, and their similarity.

    Of texts with one set every one comes with the first; only the first is compared with others.

    Args:
        texts: (n,) in any chunks.
        threshold: least similarity.
        hashing: what sets and bands are made by.
        memory: bytes that it may hold; None is any number.
        for_blocks: see ``row_blocks``.

    Raises:
        MemoryLimitError: it would not fit ``memory``.
    """
    n_bands, _ = bands_for(threshold, hashing.n_hashes, hashing.recall)
    require_memory(
        (8 * n_bands + 100) * len(texts)
        + min(64 * texts.nbytes, 2**30)
        + 2**27
        + n_threads() * 48 * 2**20,
        memory,
        purpose=f"near_duplicates of {len(texts):,} texts of {texts.nbytes:,} bytes",
        instead="compare a part of the rows, or lower n_hashes",
    )
    sets = _Sets(texts, hashing, threshold)
    full = np.flatnonzero(sets.sizes)  # an empty text is like nothing
    _, first, which = np.unique(
        mixed(sets.sums[full]) + sets.sizes[full].astype(np.uint64),
        return_index=True,
        return_inverse=True,
    )
    first_full = full[first[which]]
    again = first_full != full
    yield first_full[again], full[again], np.ones(int(again.sum()))
    one = full[~again]
    for i, j in candidate_pairs(sets.keys, one, size=PORTION):
        jaccard = _jaccard(sets, i, j, threshold, for_blocks)
        kept = jaccard >= threshold
        yield i[kept], j[kept], jaccard[kept]


def _blocks(texts: pa.ChunkedArray) -> Iterator[tuple[int, int]]:
    """Yield the first row of each block of texts and the one after its last."""
    lengths = pc.fill_null(pc.binary_length(texts), 0).to_numpy().astype(np.int64)
    yield from runs(np.cumsum(lengths + 1), BLOCK)


def _taken(texts: pa.ChunkedArray, rows: Array) -> pa.Array:
    """Return the texts of ascending rows; each chunk is read by itself, however many there are."""
    parts, start = [], 0
    for chunk in texts.chunks:
        a, b = np.searchsorted(rows, [start, start + len(chunk)])
        parts.append(chunk.take(pa.array(rows[a:b] - start)))
        start += len(chunk)
    return pa.concat_arrays(parts)


def _matrix(offsets: Array, hashes: Array) -> Any:
    """Return the sets as the rows of one sparse matrix, (n, 2^48) int8."""
    from scipy.sparse import csr_array

    ones = np.ones(len(hashes), dtype=np.int8)
    return csr_array(
        (ones, hashes.view(np.int64), offsets), shape=(len(offsets) - 1, 1 << HASH_BITS)
    )


def _jaccard(
    sets: _Sets, i: Array, j: Array, threshold: float, for_blocks: ForBlocks[Any]
) -> Array:
    """Return the Jaccard similarity of pairs of rows, (m,); 0 where sizes alone exclude them."""
    sizes = sets.sizes
    answer = np.zeros(len(i))
    possible = np.flatnonzero(
        np.minimum(sizes[i], sizes[j]) / np.maximum(sizes[i], sizes[j]) >= threshold
    )
    i, j = i[possible], j[possible]
    for start, common in sets.common(i, j, for_blocks):
        stop = start + len(common)
        both = sizes[i[start:stop]] + sizes[j[start:stop]]
        answer[possible[start:stop]] = common / (both - common)
    return answer


def _common_of_run(hashing: Hashing, shard: Shard[_PairsOfTexts]) -> Array:
    pairs = shard.content
    matrix = _matrix(*hashed(hashing, pairs.texts))
    with row_blocks() as for_blocks:
        return _common(matrix, pairs.left, pairs.right, pairs.both, for_blocks)


def _common(
    matrix: Any, left: Array, right: Array, both: Array, for_blocks: ForBlocks[Any]
) -> Array:
    """Return how many shingles two rows share, (m,), in blocks of equal work.

    A pair of books is no pair of prompts.

    Args:
        matrix: sparse sets.
        left: a row of each pair, (m,).
        right: the other one, (m,).
        both: the shingles of both together, (m,).
        for_blocks: see ``row_blocks``.
    """
    answer = np.zeros(len(both), dtype=np.int64)
    bounds = [*runs(np.cumsum(both), WORK)]

    def block(first: int, last: int) -> None:
        a, b = bounds[first][0], bounds[last - 1][1]
        answer[a:b] = np.diff(matrix[left[a:b]].multiply(matrix[right[a:b]]).indptr)

    for_blocks(block, len(bounds), 1)
    return answer
