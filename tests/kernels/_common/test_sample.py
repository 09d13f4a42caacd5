"""drawn_rows: a sample by fingerprint."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa

from catalog.kernels._common.sample import drawn_rows


def test_a_pool_that_grows_keeps_its_sample_as_far_as_it_can():
    rows = pa.table(
        {"fingerprint": [hashlib.sha256(str(i).encode()).hexdigest() for i in range(2_000)]}
    )
    small, large = rows.slice(0, 1_500).sort_by("fingerprint"), rows.sort_by("fingerprint")
    names = [
        set(part["fingerprint"].take(pa.array(drawn_rows(part, 300, seed=1))).to_pylist())
        for part in (small, large)
    ]
    assert all(len(side) == 300 for side in names)
    assert names[1] & set(small["fingerprint"].to_pylist()) <= names[0]
    assert len(names[0] & names[1]) >= 200


def test_another_seed_draws_another_sample():
    rows = pa.table({"fingerprint": [str(i) for i in range(500)]})
    assert set(drawn_rows(rows, 100, seed=1)) != set(drawn_rows(rows, 100, seed=2))


def test_rows_without_fingerprints_are_drawn_by_their_place():
    drawn = drawn_rows(pa.table({"n": range(500)}), 100, seed=1)
    assert len(set(drawn)) == 100
    assert np.all(np.diff(drawn) > 0)
    assert drawn_rows(pa.table({"n": range(5)}), 100, seed=1).tolist() == [0, 1, 2, 3, 4]
