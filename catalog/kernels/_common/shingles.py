"""Texts as sets of hashed shingles, all of them at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Array
from catalog.kernels._common.ranges import positions_in

Unit = Literal["characters", "words"]

IN_WORD = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits everywhere: 2^64 over the golden ratio
IN_SHINGLE = np.uint64(0xD1B54A32D192ED03)
SPACE = 0x20
HASH_BITS = 48  # a set keeps that many, so that row and hash sort as one number
ROWS = 1 << 64 - HASH_BITS


def shingle_sets(texts: pa.Array, *, size: int, unit: Unit) -> tuple[Array, Array]:
    """Hash every run of ``size`` characters or words of every text.

    A shorter text is one shingle.

    Upper and lower case are one, and so is all white space. A set is exact but for two different
    shingles of equal hash: with 48 bits and a hundred shingles a text, once in some 10^10 pairs of
    texts.

    Args:
        texts: (n,) strings; NULL counts as empty, and an empty text has no shingles.
        size: of a shingle, 1 or more.
        unit: what a shingle is made of.

    Returns:
        The offsets of each text's hashes, (n + 1,) int64, and the hashes, uint64 below 2^48,
        ascending and distinct within a text.

    >>> texts = pa.array(["Ab  cab c", "ab c", None])
    >>> offsets, hashes = shingle_sets(texts, size=4, unit="characters")
    >>> offsets.tolist(), bool(np.isin(hashes[4:], hashes[:4]).all())
    ([0, 4, 5, 5], True)
    """
    parts = [_block_sets(texts[a : a + ROWS], size, unit) for a in range(0, len(texts), ROWS)]
    counts = np.concatenate([np.zeros(1, dtype=np.int64), *(part[0] for part in parts)])
    return np.cumsum(counts), np.concatenate(
        [np.empty(0, dtype=np.uint64), *(part[1] for part in parts)]
    )


def _block_sets(texts: pa.Array, size: int, unit: Unit) -> tuple[Array, Array]:
    tokens, lengths = _tokens(texts, unit)
    starts = np.cumsum(lengths) - lengths
    keys = []
    for run in range(1, size + 1):  # a text of fewer tokens than a shingle has is hashed whole
        which = np.flatnonzero(lengths == run if run < size else lengths >= size)
        n_shingles = lengths[which] - run + 1
        at = positions_in(starts[which], n_shingles)  # where each shingle begins
        hashes = mixed(_polynomial(tokens, at, run)) >> np.uint64(64 - HASH_BITS)
        keys.append(np.repeat(which.astype(np.uint64), n_shingles) << np.uint64(HASH_BITS) | hashes)
    distinct = sorted_distinct(np.concatenate(keys))  # by row, then by hash
    rows = (distinct >> np.uint64(HASH_BITS)).astype(np.int64)
    return np.bincount(rows, minlength=len(lengths)), distinct & np.uint64((1 << HASH_BITS) - 1)


def _tokens(texts: pa.Array, unit: Unit) -> tuple[Array, Array]:
    """Return all texts' characters or hashed words, uint64, and each text's number of them."""
    import polars as pl

    plain = (
        pl.Series("text", texts, dtype=pl.String)
        .fill_null("")
        .str.to_lowercase()
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )
    lengths = plain.str.len_chars().to_numpy().astype(np.int64)
    characters = np.frombuffer("".join(plain).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    if unit == "characters":
        return characters.astype(np.uint64), lengths
    row = np.repeat(np.arange(len(lengths)), lengths)
    inside = characters != SPACE
    before = np.concatenate([[False], inside[:-1] & (row[1:] == row[:-1])]) if len(row) else inside
    starts = np.flatnonzero(inside & ~before)  # of words
    place = np.arange(len(row)) - np.repeat(starts, np.diff(np.append(starts, len(row))))
    powers = IN_WORD ** np.arange(int(place.max(initial=-1)) + 1, dtype=np.uint64)  # modulo 2^64
    values = np.where(
        inside, (characters.astype(np.uint64) + np.uint64(1)) * powers[place], np.uint64(0)
    )
    words = mixed(np.add.reduceat(values, starts)) if len(starts) else np.empty(0, dtype=np.uint64)
    return words, np.bincount(row[starts], minlength=len(lengths))


def _polynomial(tokens: Array, at: Array, run: int) -> Array:
    value = np.full(len(at), run, dtype=np.uint64)
    for step in range(run):
        value = value * IN_SHINGLE + tokens[at + step]
    return value


def mixed(value: Array) -> Array:
    """Spread every bit of uint64 values over all (the finaliser of MurmurHash3)."""
    value = value.astype(np.uint64)
    value = (value ^ value >> np.uint64(33)) * np.uint64(0xFF51AFD7ED558CCD)
    value = (value ^ value >> np.uint64(33)) * np.uint64(0xC4CEB9FE1A85EC53)
    return np.asarray(value ^ value >> np.uint64(33))


def sorted_distinct(values: Array) -> Array:
    """Return the distinct values, ascending.

    NumPy's ``unique`` hashes first, which is ten times slower on millions of integers.

    >>> sorted_distinct(np.array([3, 1, 3])).tolist()
    [1, 3]
    """
    ordered: Array = np.sort(values)
    if len(ordered):
        ordered = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    return ordered
