"""MinHash signatures and bands, against datasketch and the definition."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalog.kernels._common.minhash import bands_for, permutations, signatures
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.shingles import shingle_sets


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
