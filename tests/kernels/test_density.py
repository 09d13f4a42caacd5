"""density: against the sum over all kernels in float64."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import density as module
from catalog.kernels._common.sample import drawn_rows
from catalog.kernels.density import density


def relation(x: np.ndarray) -> pa.Table:
    fingerprints = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(len(x))]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1), pa.float32()), x.shape[1])
    return pa.table(
        {"instruction_id": np.arange(len(x)), "fingerprint": fingerprints, "v": vectors}
    )


def by_hand(rows: pa.Table, bandwidth: float, centres: np.ndarray) -> np.ndarray:
    x = np.array(rows["v"].to_pylist(), dtype=np.float64)
    kernel = np.exp(-np.square(x[:, None] - x[None]).sum(axis=2) / (2 * bandwidth**2))
    answer = []
    for row in range(len(x)):
        others = [c for c in centres if c != row]
        answer.append((1 + kernel[row, others].sum()) / (1 + len(others)))
    return np.array(answer)


@pytest.mark.parametrize("sample", [None, 1, 70, 5_000])
@pytest.mark.parametrize(
    ("bandwidth", "offset"), [(1.0, 0.0), (0.1, 0.0), (0.02, 5.0), (30.0, 100.0)]
)
def test_densities_equal_the_sum_over_all_kernels(monkeypatch, sample, bandwidth, offset):
    rng = np.random.default_rng(0)
    monkeypatch.setattr(module, "ROWS", 64)
    monkeypatch.setattr(module, "KERNELS", 37)
    centre = rng.normal(size=(20, 4)) + offset
    noise = rng.normal(size=(300, 4)) * rng.choice([0, 0.05], size=(300, 1))
    points = relation((centre[rng.integers(20, size=300)] + noise).astype(np.float32))
    rows = points.sort_by("fingerprint")
    expected = by_hand(rows, bandwidth, drawn_rows(rows, sample or 300, seed=3))
    answer = density(points, bandwidth=bandwidth, sample=sample, seed=3)
    assert answer.column_names == ["instruction_id", "fingerprint", "density"]
    np.testing.assert_allclose(answer["density"].to_numpy(), expected, rtol=2e-4)


def test_neither_row_order_nor_threads_change_the_answer(monkeypatch):
    rng = np.random.default_rng(0)
    points = relation(rng.normal(size=(3_000, 6)))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = density(points, sample=1_000)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert density(points.take(rng.permutation(3_000)), sample=1_000).equals(expected)


def test_the_default_bandwidth_is_half_the_median_distance():
    x = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    apart = np.linalg.norm(x[:, None] - x[None], axis=2)[np.triu_indices(200, k=1)].astype(
        np.float64
    )
    default, explicit = (
        density(relation(x)),
        density(relation(x), bandwidth=float(np.median(apart)) / 4),
    )
    np.testing.assert_allclose(
        default["density"].to_numpy(), explicit["density"].to_numpy(), rtol=1e-5
    )


def test_one_row_or_equal_rows_have_a_density_of_one():
    for n in (1, 5):
        np.testing.assert_allclose(density(relation(np.ones((n, 2))))["density"].to_numpy(), 1)


@pytest.mark.parametrize(("n", "n_equal", "d"), [(1_000, 800, 384), (8, 7, 64)])
def test_rows_that_are_mostly_equal_are_dense_and_the_others_set_the_bandwidth(n, n_equal, d):
    x = np.random.default_rng(0).normal(size=(n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x[:n_equal] = x[0]
    answer = density(relation(x.astype(np.float32)))["density"].to_numpy()
    assert np.count_nonzero(answer >= n_equal / n) == n_equal


def test_what_cannot_be_estimated_is_refused():
    some = relation(np.eye(3))
    with pytest.raises(OptionError, match="bandwidth => 0 must be above 0"):
        density(some, bandwidth=0)
    with pytest.raises(OptionError, match="sample => 0 must be 1 or more"):
        density(some, sample=0)
    with pytest.raises(QueryError, match="no rows"):
        density(some.slice(0, 0))
    with pytest.raises(QueryError, match="1 of 3 vectors in v hold NaN"):
        density(relation(np.array([[1.0], [np.nan], [2.0]])))
    with pytest.raises(MemoryLimitError, match="density of 3 x 3 with 3 kernels needs"):
        density(some, memory=2**20)
