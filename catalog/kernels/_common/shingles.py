"""Texts as sets of hashed shingles, all of them at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Array
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.ranges import offsets_of, runs

Unit = Literal["characters", "words"]

IN_WORD = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits everywhere: 2^64 over the golden ratio
IN_SHINGLE = np.uint64(0xD1B54A32D192ED03)
SPACE = 0x20
HASH_BITS = 48  # a set keeps that many, so that row and hash sort as one number
ROWS = 1 << 64 - HASH_BITS
PIECE = ROWS  # tokens that are hashed at once, of at most as many texts: they fit a cache


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
    offsets = offsets_of(lengths)
    bounds = [*runs(offsets[1:] + np.arange(1, len(texts) + 1), PIECE)]

    def piece(number: int, _: int) -> tuple[Array, Array]:
        start, stop = bounds[number]
        return _piece_sets(tokens, offsets[start : stop + 1], size)

    with row_blocks() as for_blocks:
        counts, hashes = zip(*for_blocks(piece, len(bounds), 1), strict=True)
    return np.concatenate(counts), np.concatenate(hashes)


def _piece_sets(tokens: Array, offsets: Array, size: int) -> tuple[Array, Array]:
    """Return the number of shingles of each text of a piece, and their hashes.

    Args:
        tokens: of all texts.
        offsets: where each of the piece's texts begins and where the last ends, (m + 1,).
        size: of a shingle.
    """
    inside = tokens[offsets[0] : offsets[-1]].astype(np.uint64)
    starts, lengths = offsets[:-1] - offsets[0], np.diff(offsets)
    row = np.repeat(np.arange(len(lengths), dtype=np.uint64), lengths)
    n_windows = max(len(inside) - size + 1, 0)
    windows = [inside[step : step + n_windows] for step in range(size)]
    in_one_text = row[:n_windows] == row[len(row) - n_windows :]
    keys = [_keys(row[:n_windows], windows)[in_one_text]]
    for length in range(1, size):  # a text of fewer tokens than a shingle has is hashed whole
        which = np.flatnonzero(lengths == length)
        windows = [inside[starts[which] + step] for step in range(length)]
        keys.append(_keys(which.astype(np.uint64), windows))
    distinct = sorted_distinct(np.concatenate(keys))  # by row, then by hash
    rows = (distinct >> np.uint64(HASH_BITS)).astype(np.int64)
    counts = np.bincount(rows, minlength=len(lengths))
    return counts, distinct & np.uint64((1 << HASH_BITS) - 1)


def _keys(rows: Array, windows: list[Array]) -> Array:
    """Return the hash of each window of tokens, below the number of its row.

    Args:
        rows: (m,) uint64, below 2^16.
        windows: their first tokens, their second ones and so on, each (m,) uint64.
    """
    value = np.full(len(rows), len(windows), dtype=np.uint64)
    for tokens in windows:
        value *= IN_SHINGLE
        value += tokens
    return rows << np.uint64(HASH_BITS) | mixed(value) >> np.uint64(64 - HASH_BITS)


def _tokens(texts: pa.Array, unit: Unit) -> tuple[Array, Array]:
    """Return all texts' characters, uint32, or hashed words, uint64, and how many each text has."""
    import polars as pl

    plain = (
        pl.Series("text", texts, dtype=pl.String)
        .fill_null("")
        .str.to_lowercase()
        .str.replace_all(r"\s{2,}|[^\S ]", " ")  # six times as fast as \s+, which is mostly " "
        .str.strip_chars(" ")
    )
    lengths = plain.str.len_chars().to_numpy().astype(np.int64)
    characters = np.frombuffer(plain.str.join().item().encode("utf-32-le"), dtype=np.uint32)
    if unit == "characters":
        return characters, lengths
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


def mixed(value: Array) -> Array:
    """Spread every bit of uint64 values over all (the finaliser of MurmurHash3)."""
    value = value.astype(np.uint64)  # a copy, which is worked on in its place
    shifted = np.empty_like(value)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        value ^= np.right_shift(value, np.uint64(33), out=shifted)
        value *= np.uint64(factor)
    value ^= np.right_shift(value, np.uint64(33), out=shifted)
    return value


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
