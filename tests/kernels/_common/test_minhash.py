"""MinHash signatures and bands, against datasketch and the definition."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalog.kernels._common.minhash import bands_for, permutations, signatures
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.shingles import shingle_sets


@pytest.mark.parametrize(
    ("least", "greatest", "n"), [(1, 9, 90_000), (1, 2_000, 700), (60_000, 90_000, 9)]
)
def test_a_signature_is_the_least_hash_of_a_set_under_each_permutation(least, greatest, n):
    rng = np.random.default_rng(n)
    offsets = np.append(0, np.cumsum(rng.integers(least, greatest, n)))
    hashes = rng.integers(2**48, size=offsets[-1], dtype=np.uint64)
    a, b = permutations(19, 3)
    with row_blocks() as for_blocks:
        answer = signatures(offsets, hashes, a, b, for_blocks)
    spread = spread_32(hashes)
    expected = [
        np.minimum.reduceat(spread * x + y, offsets[:-1]) for x, y in zip(a, b, strict=True)
    ]
    np.testing.assert_array_equal(answer, expected)


def spread_32(hashes):
    """Return the 32-bit hash of each element, by the definition of MurmurHash3's finaliser."""
    value = (hashes >> np.uint64(16)) & np.uint64(2**32 - 1)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        value = (value ^ value >> np.uint64(shift)) * np.uint64(factor) & np.uint64(2**32 - 1)
    return (value ^ value >> np.uint64(16)).astype(np.uint32)


def test_signatures_equal_datasketchs_for_the_same_hashes():
    datasketch = pytest.importorskip("datasketch", reason="the benchmark extra is not installed")
    offsets, hashes = shingle_sets(
        pa.array(["the cat sat on the mat", "a dog", "the cat sat on a mat"]),
        size=3,
        unit="characters",
    )
    a, b = permutations(64, 7)
    with row_blocks() as for_blocks:
        ours = signatures(offsets, hashes, a, b, for_blocks)
    for row in range(3):
        theirs = datasketch.MinHash(
            permutations=(a, b), scheme="affine32", num_perm=64, hashfunc=int
        )
        theirs.update_batch([int(h) >> 16 for h in hashes[offsets[row] : offsets[row + 1]]])
        np.testing.assert_array_equal(ours[:, row], theirs.hashvalues)


def test_the_share_of_equal_signature_rows_estimates_the_similarity():
    texts = [" ".join(f"w{i}" for i in range(a, a + 400)) for a in (0, 100)]
    offsets, hashes = shingle_sets(pa.array(texts), size=1, unit="words")
    with row_blocks() as for_blocks:
        ours = signatures(offsets, hashes, *permutations(4_096, 1), for_blocks)
    assert abs((ours[:, 0] == ours[:, 1]).mean() - 300 / 500) < 0.03


@pytest.mark.parametrize(
    ("threshold", "recall"), [(0.5, 0.9), (0.8, 0.99), (0.95, 0.999), (1.0, 0.99)]
)
def test_bands_are_the_longest_that_reach_the_recall(threshold, recall):
    bands, rows = bands_for(threshold, 128, recall)
    assert bands * rows <= 128
    assert 1 - (1 - threshold**rows) ** bands >= recall
    assert rows == 128 or 1 - (1 - threshold ** (rows + 1)) ** (128 // (rows + 1)) < recall
