"""MinHash signatures of sets, and the pairs of rows that share a band of them.

Broder, "On the resemblance and containment of documents" (1997); Indyk & Motwani,
locality-sensitive hashing (STOC 1998).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.ranges import runs
from catalog.kernels._common.shingles import HASH_BITS, mixed

BLOCK = 1 << 19  # hashes of sets whose signatures are made at once
SLAB = 1 << 15  # hashes of sets of like size
PERMUTED = 1 << 19  # hashes of a slab under a few permutations, which fit a cache


def permutations(n_hashes: int, seed: int) -> tuple[Array, Array]:
    """Draw ``h -> a h + b modulo 2^32`` with odd a, bijections of 32-bit hashes.

    Returns:
        a and b, each (n_hashes,) uint32.
    """
    rng = np.random.default_rng(seed)
    return (
        rng.integers(2**31, size=n_hashes, dtype=np.uint32) * np.uint32(2) + np.uint32(1),
        rng.integers(2**32, size=n_hashes, dtype=np.uint32),
    )


def signatures(
    offsets: Array, hashes: Array, a: Array, b: Array, for_blocks: ForBlocks[Any]
) -> Array:
    """Return the least permuted hash of every set under every permutation.

    Args:
        offsets: (n + 1,) where each set begins; no set may be empty.
        hashes: what the sets hold, below 2^48; their highest 32 bits are permuted.
        a: (n_hashes,) uint32 factors.
        b: (n_hashes,) uint32 terms.
        for_blocks: see ``row_blocks``.

    Returns:
        (n_hashes, n) uint32.
    """
    answer = np.empty((len(a), len(offsets) - 1), dtype=np.uint32)
    bounds = [*runs(offsets[1:] - offsets[0], BLOCK)]

    def block(number: int, _: int) -> None:
        start, stop = bounds[number]
        inside = hashes[offsets[start] : offsets[stop]] >> np.uint64(HASH_BITS - 32)
        values = _spread(inside.astype(np.uint32))
        begins, sizes = offsets[start:stop] - offsets[start], np.diff(offsets[start : stop + 1])
        for rows in _of_like_size(sizes):
            largest = sizes[rows[-1]]
            place = np.minimum(np.arange(largest), sizes[rows, None] - 1)  # a last one repeats
            place += begins[rows, None]
            axis = 1 if largest < len(rows) else 2  # the longer one is the inner one
            slab = values[place.T if axis == 1 else place]
            step = max(1, PERMUTED // slab.size)
            for i in range(0, len(a), step):
                permuted = slab * a[i : i + step, None, None]  # modulo 2^32
                permuted += b[i : i + step, None, None]
                answer[i : i + step, start + rows] = permuted.min(axis=axis)

    for_blocks(block, len(bounds), 1)
    return answer


def _of_like_size(sizes: Array) -> Iterator[Array]:
    """Yield the rows of every set, those together that fill a slab with little left over."""
    rows = np.argsort(sizes, kind="stable")
    while len(rows):
        filled = np.arange(1, len(rows) + 1) * sizes[rows]
        n = max(1, int(np.searchsorted(filled, SLAB, side="right")))
        yield rows[:n]
        rows = rows[n:]


def _spread(values: Array) -> Array:
    """Apply MurmurHash3's 32-bit finaliser.

    So signatures equal those of datasketch's ``affine32`` for the same 32-bit hashes.
    """
    values = (values ^ values >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    values = (values ^ values >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    return np.asarray(values ^ values >> np.uint32(16))


def bands_for(threshold: float, n_hashes: int, recall: float) -> tuple[int, int]:
    """Return the longest bands that show a pair at the threshold with probability ``recall``.

    A pair of Jaccard similarity s shares one of b bands of r rows with probability ``1 - (1 -
    s^r)^b``. Longer bands bring fewer pairs to verify; bands of one row are the fallback.

    >>> bands_for(0.8, 128, 0.99)
    (21, 6)
    """
    for rows in range(n_hashes, 0, -1):
        bands = n_hashes // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return n_hashes, 1


def band_keys(signature: Array, bands: int) -> Array:
    """Return one number for each band of each set; equal bands have equal numbers.

    Args:
        signature: (bands * rows, n) uint32.
        bands: how many bands.

    Returns:
        (bands, n) uint64. Equal numbers of unlike bands only cost a verification.
    """
    rows = len(signature) // bands
    keys = np.zeros((bands, signature.shape[1]), dtype=np.uint64)
    for band, key in enumerate(keys):
        for row in signature[band * rows : (band + 1) * rows]:
            key[:] = mixed(key + row)
    return keys


def candidate_pairs(keys: Array, members: Array, size: int) -> Iterator[tuple[Array, Array]]:
    """Yield every pair of members that agrees on a band, once, about ``size`` pairs at a time.

    Args:
        keys: of every row in every band, (bands, n) uint64.
        members: the rows that are compared, (m,) int64 ascending.
        size: pairs of a portion.

    Yields:
        Two int64 arrays of rows, i < j, by i.
    """
    waiting: list[tuple[Array, Array]] = []
    count = 0
    for band in range(len(keys)):
        for one, other in _same(keys[band, members]):
            i, j = _new(keys[:band], members[one], members[other])
            waiting.append((i, j))
            count += len(i)
            if count >= size:
                yield _by_row(waiting)
                waiting, count = [], 0
    if count:
        yield _by_row(waiting)


def _new(before: Array, i: Array, j: Array) -> tuple[Array, Array]:
    """Return the pairs that no band before brings up."""
    for key in before:
        is_new = key[i] != key[j]
        i, j = i[is_new], j[is_new]
    return i, j


def _by_row(waiting: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    i, j = (np.concatenate(side) for side in zip(*waiting, strict=True))
    order = np.argsort(i, kind="stable")
    return i[order], j[order]


def _same(key: Array) -> Iterator[tuple[Array, Array]]:
    """Yield pairs of places with equal keys, the lower one first."""
    n = len(key)
    order = np.argsort(key)
    ordered = key[order]
    ends = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1, n)
    end = np.repeat(ends, np.diff(ends, prepend=0))  # where the run of each place stops
    place = np.arange(n)
    step = 1
    while len(place := place[place + step < end[place]]):
        one, other = order[place], order[place + step]
        yield np.minimum(one, other), np.maximum(one, other)
        step += 1
