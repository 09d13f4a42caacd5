"""Word n-grams of a set of texts as a trie, in which other texts are looked up exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.kernels._common.arrays import Array
from catalog.kernels._common.ranges import offsets_of, positions_in

NOTHING = -1


@dataclass(frozen=True)
class Words:
    """Words of several texts, one after the other.

    Attributes:
        values: the words, (w,) strings.
        offsets: where each text begins, (n + 1,) int64.
    """

    values: pa.Array
    offsets: Array

    def run(self, start: int, stop: int) -> str:
        """Return the words from one place to another as one text."""
        return " ".join(self.values[start:stop].to_pylist())


def words_of(texts: pa.Array) -> Words:
    """Split texts into words: lower case, without punctuation, between white space.

    Punctuation is every character of Unicode's categories P and S. It is removed, not replaced, so
    that ``it's`` is one word.

    Args:
        texts: (n,) strings; NULL counts as empty.

    >>> words = words_of(pa.array(["It's  $5 - no.", None, "..."]))
    >>> words.values.to_pylist(), words.offsets.tolist()
    (['its', '5', 'no'], [0, 3, 3, 3])
    """
    import polars as pl

    split = (
        pl.Series("text", texts, dtype=pl.String)
        .fill_null("")
        .str.to_lowercase()
        .str.replace_all(r"[\p{P}\p{S}]+", "")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
        .str.split(" ")
    )
    flat = split.explode(empty_as_null=False)
    is_word = flat != ""
    n_words_before = offsets_of(is_word.to_numpy())
    offsets = offsets_of(split.list.len().to_numpy())
    return Words(flat.filter(is_word).to_arrow(), n_words_before[offsets])


@dataclass(frozen=True)
class Level:
    """Nodes of one depth, and where the runs that end in them begin.

    Attributes:
        keys: of the nodes: parent and last word as one number, ascending.
        offsets: of each node's places in ``starts``, (n_nodes + 1,) int64.
        starts: places of the first words of the runs that end here, int64.
    """

    keys: Array
    offsets: Array
    starts: Array

    def places(self, nodes: Array) -> tuple[Array, Array]:
        """Return the places of several nodes, and for each the position of its node."""
        first, counts = self.offsets[nodes], self.counts(nodes)
        position = np.repeat(np.arange(len(nodes)), counts)
        return self.starts[positions_in(first, counts)], position

    def counts(self, nodes: Array) -> Array:
        """Return how many runs end in each of several nodes."""
        return np.asarray(self.offsets[nodes + 1] - self.offsets[nodes])


class Trie:
    """N-grams of reference texts, each a path of words from the root.

    A node of depth ``d`` stands for one run of ``d`` words. Equal runs share a node, and no hash is
    taken, so that a text is found exactly.
    """

    def __init__(self, words: Words, *, n: int, shortest: int) -> None:
        """Build the trie of all runs of ``n`` words, and of each shorter text as one run.

        Args:
            words: of the reference texts.
            n: words of a run.
            shortest: words that a text needs to be looked for, 1 or more.
        """
        self.vocabulary = pc.unique(words.values)
        ids, lengths = self._ids(words.values), np.diff(words.offsets)
        wanted = np.repeat(np.minimum(lengths, n), lengths)
        left = np.repeat(words.offsets[1:], lengths) - np.arange(len(ids))
        starts = np.flatnonzero(np.repeat(lengths >= shortest, lengths) & (left >= wanted))
        nodes = np.zeros(len(starts), dtype=np.int64)
        self.levels: list[Level] = []
        for depth in range(n):
            keys, nodes = np.unique(self._keys(nodes, ids[starts + depth]), return_inverse=True)
            is_end = wanted[starts] == depth + 1
            ends = nodes[is_end]
            counts = np.bincount(ends, minlength=len(keys))
            order = np.argsort(ends, kind="stable")
            self.levels.append(Level(keys, offsets_of(counts), starts[is_end][order]))
            starts, nodes = starts[~is_end], nodes[~is_end]

    def find(self, words: Words) -> list[tuple[Array, Array]]:
        """Return where texts hold runs of the trie.

        Returns:
            For each depth from 1, the places of the first words of the runs that end there, and
            their nodes: (f,) int64 each, by place.
        """
        ids = self._ids(words.values)
        stop = np.repeat(words.offsets[1:], np.diff(words.offsets))
        places = np.arange(len(ids))
        nodes = np.zeros(len(ids), dtype=np.int64)
        found = []
        for depth, level in enumerate(self.levels):
            is_inside = places + depth < stop[places]
            places, nodes = places[is_inside], nodes[is_inside]
            word = ids[places + depth]
            nodes = _looked_up(level.keys, self._keys(nodes, word))
            is_known = (word >= 0) & (nodes >= 0)
            places, nodes = places[is_known], nodes[is_known]
            is_end = level.counts(nodes) > 0
            found.append((places[is_end], nodes[is_end]))
        return found

    def _ids(self, values: pa.Array) -> Array:
        found = pc.index_in(values, value_set=self.vocabulary)
        return np.asarray(found.fill_null(NOTHING).to_numpy(zero_copy_only=False), dtype=np.int64)

    def _keys(self, nodes: Array, words: Array) -> Array:
        return np.asarray(nodes * len(self.vocabulary) + words)


def _looked_up(level: Array, keys: Array) -> Array:
    """Return the positions of keys in ascending ones; -1 where there is none."""
    if not len(level):
        return np.full(len(keys), NOTHING)
    position = np.minimum(np.searchsorted(level, keys), len(level) - 1)
    return np.where(level[position] == keys, position, NOTHING)
