"""Runs of words that the rows of one relation share with the items of a test set.

Brown et al., "Language models are few-shot learners" (arXiv 2005.14165), appendix C: 13-grams of
words, in lower case, without punctuation, between white space.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import OptionError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.relation import (
    canonical,
    is_text,
    only_column,
    pairs_of,
    with_columns,
)
from catalog.kernels._common.shingles import sorted_distinct
from catalog.kernels._common.word_runs import Trie, Words, words_of
from catalog.threads import n_threads

SHORTEST = 5  # words that a test item needs to be looked for, unless another number is given
BLOCK = 1 << 22  # bytes of text of a block, unless one text is longer
PER_BYTE = 40  # bytes that a block holds for each byte of its text
PER_TEST_BYTE = 120  # bytes that the test set's trie takes for each byte of its text
PER_MATCH = 200  # bytes for each place of a test item that a row shares


class Shared(NamedTuple):
    """Pairs of a row and a test item with a run in common, by row and then by item.

    Attributes:
        row: (p,) int64.
        item: (p,) int64.
        hits: places of the item where a shared run begins, (p,) int64.
        covered: words of the item in shared runs, (p,) int64.
        start: of the item's longest shared stretch of words, (p,) int64.
        stop: of it, (p,) int64.
    """

    row: Array
    item: Array
    hits: Array
    covered: Array
    start: Array
    stop: Array


@kernel(
    version=1,
    adds={"hits": "BIGINT", "share": "DOUBLE", "span": "VARCHAR"},
    drops=None,
    cached=True,
    pair_prefix="test_",
)
def overlap(
    train: pa.Table,
    test: pa.Table,
    *,
    n: int = 13,
    shortest: int = SHORTEST,
    memory: int | None = None,
) -> pa.Table:
    """Return the pairs of a row and a test item that share a run of ``n`` words.

    Words are as in decontamination papers: lower case, punctuation (Unicode's categories P and S)
    removed, split at white space. A test item of fewer than ``n`` words is one run, all its words.
    Runs are compared exactly.

    Args:
        train: rows with one text column beside the fingerprint.
        test: test items with one text column beside the fingerprint.
        n: words of a run, 1 to 64.
        shortest: words that a test item needs to be looked for, 1 or more; a shorter one is in
            almost every text.
        memory: bytes that it may hold: 120 a byte of the test items' text, 40 a byte of a block of
            4 MiB of rows' text a thread, and 200 for each place of an item that a row shares.

    Returns:
        One row for a pair, by the row's fingerprint and then by the item's: the item's columns,
        named ``test_...``, the row's columns, ``hits`` (int64: places of the item where a shared
        run begins), ``share`` (float64: the share of the item's words that stand in a shared run,
        above 0, up to 1) and ``span`` (the longest stretch of the item's words in shared runs).

    Raises:
        OptionError: ``n`` or ``shortest`` is out of its range.
        QueryError: a relation has no text column or several.
        MemoryLimitError: it would not fit ``memory``.

    >>> train = pa.table({"fingerprint": ["a"], "text": ["Well: the cat, it sat. Then it ran."]})
    >>> test = pa.table({"fingerprint": ["t"], "text": ["The cat? It sat there, then ran."]})
    >>> answer = overlap(train, test, n=3)
    >>> answer.select(["fingerprint", "test_fingerprint", "hits", "span"]).to_pylist()
    [{'fingerprint': 'a', 'test_fingerprint': 't', 'hits': 2, 'span': 'the cat it sat'}]
    """
    if not 1 <= n <= 64:
        raise OptionError(f"overlap: n => {n} must be 1 to 64")
    if shortest < 1:
        raise OptionError(f"overlap: shortest => {shortest} must be 1 or more")
    rows, items = canonical(train), canonical(test)
    texts, wanted = _texts(rows), _texts(items)
    require_memory(
        PER_TEST_BYTE * wanted.nbytes + n_threads() * PER_BYTE * BLOCK,
        memory,
        purpose=f"overlap with {len(wanted):,} test items of {wanted.nbytes:,} bytes",
        instead="compare with fewer test items at once",
    )
    words = words_of(wanted)
    trie = Trie(words, n=n, shortest=shortest)
    shared = _shared(texts, trie, words, memory)
    stretches = zip(shared.start, shared.stop, strict=True)
    return with_columns(
        pairs_of(rows, items, shared.row, shared.item, prefix="test_"),
        hits=shared.hits,
        share=shared.covered / np.diff(words.offsets)[shared.item],
        span=pa.array([words.run(start, stop) for start, stop in stretches], pa.string()),
    )


def _texts(rows: pa.Table) -> pa.Array:
    others = rows.select([name for name in rows.column_names if name != "fingerprint"])
    name = only_column(others, is_text, function="overlap", kind="text column")
    return rows[name].cast(pa.large_string()).combine_chunks()


def _shared(texts: pa.Array, trie: Trie, words: Words, memory: int | None) -> Shared:
    """Return the pairs of all rows, found block by block."""
    edges = _edges(texts)

    def block(start: int, stop: int) -> Shared:
        first = int(edges[start])
        shared = _shared_of(words_of(texts[first : int(edges[stop])]), trie, words, memory)
        return shared._replace(row=shared.row + first)

    with row_blocks() as for_blocks:
        parts = for_blocks(block, len(edges) - 1, 1)
    return Shared(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _edges(texts: pa.Array) -> Array:
    """Return where the blocks of rows begin and end, at least one block: (b + 1,) int64."""
    n_bytes = np.asarray(pc.binary_length(texts).fill_null(0).to_numpy(zero_copy_only=False))
    block = np.cumsum(n_bytes) // BLOCK
    inner = np.flatnonzero(np.diff(block)) + 1
    return np.concatenate([[0], inner, [len(texts)]]).astype(np.int64)


def _shared_of(rows: Words, trie: Trie, items: Words, memory: int | None) -> Shared:
    """Return the pairs of the rows of one block."""
    matches = []
    found = [_distinct(rows, *each) for each in trie.find(rows)]
    n_matches = sum(
        int(level.counts(nodes).sum()) for level, (_, nodes) in zip(trie.levels, found, strict=True)
    )
    require_memory(
        PER_MATCH * n_matches,
        memory,
        purpose=f"overlap of a block with {n_matches:,} matches",
        instead="raise n, or leave out test items with text that all have in common",
    )
    for level, (row, nodes) in zip(trie.levels, found, strict=True):
        places, position = level.places(nodes)
        matches.append((row[position], places))
    row, place = (np.concatenate(column) for column in zip(*matches, strict=True))
    order = np.lexsort((place, row))
    return _by_pair(row[order], place[order], items, n=len(trie.levels))


def _distinct(words: Words, places: Array, nodes: Array) -> tuple[Array, Array]:
    """Return each row with each of its nodes once."""
    row = np.searchsorted(words.offsets, places, side="right") - 1
    width = int(nodes.max(initial=0)) + 1
    keys = sorted_distinct(row * width + nodes)
    return keys // width, keys % width


def _by_pair(row: Array, place: Array, items: Words, *, n: int) -> Shared:
    """Return the pairs of matches, which are ascending by row and place in the items' words."""
    item = np.searchsorted(items.offsets, place, side="right") - 1
    length = np.minimum(np.diff(items.offsets), n)[item]  # of the run that begins at the place
    is_first = np.append(True, (row[1:] != row[:-1]) | (item[1:] != item[:-1]))[: len(row)]
    first = np.flatnonzero(is_first)
    ahead = np.append(place[1:], 0)[: len(row)] - place  # to the next place
    ahead[np.append(first[1:], len(row))[: len(first)] - 1] = np.iinfo(np.int64).max
    covered = np.minimum(length, ahead)
    stretch = np.flatnonzero(is_first | np.append(True, ahead[:-1] > length[:-1])[: len(row)])
    start = place[stretch]
    last = np.append(stretch[1:], len(row))[: len(stretch)] - 1
    stop = place[last] + length[last]
    pair = np.cumsum(is_first)[stretch] - 1
    order = np.lexsort((start, start - stop, pair))
    longest = order[np.searchsorted(pair[order], np.arange(len(first)))]
    return Shared(
        row[first],
        item[first],
        hits=np.diff(np.append(first, len(row))),
        covered=np.add.reduceat(covered, first) if len(first) else first,
        start=start[longest],
        stop=stop[longest],
    )
