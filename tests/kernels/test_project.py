"""project: t-SNE, UMAP and PCA maps that keep neighbours together and always come out the same."""

from __future__ import annotations

import hashlib
import sys
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError, UsageError
from catalog.kernels.project import _needed, project
from tests.quick import few_of


def relation(x: np.ndarray) -> pa.Table:
    fingerprints = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(len(x))]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1), pa.float32()), x.shape[1])
    return pa.table(
        {"instruction_id": np.arange(len(x)), "fingerprint": fingerprints, "v": vectors}
    )


def blobs(n: int, d: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(4, size=n)
    return truth, (rng.normal(size=(4, d))[truth] * 3 + rng.normal(size=(n, d))).astype(np.float32)


def share_near_their_own(answer: pa.Table, truth: np.ndarray) -> float:
    """How many rows have a nearest row on the map that is of their own blob."""
    places = np.stack([answer["x"].to_numpy(), answer["y"].to_numpy()], axis=1)
    apart = np.square(places[:, None] - places[None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    of = truth[answer["instruction_id"].to_numpy()]
    return float((of[apart.argmin(axis=1)] == of).mean())


@pytest.mark.parametrize(("n", "d"), [(5_000, 30), (50, 3), (9, 4), (3, 1)])
def test_pca_equals_the_singular_value_decomposition(n, d):
    x = (np.random.default_rng(n).normal(size=(n, d)) * np.arange(1, d + 1) + 100).astype(
        np.float32
    )
    answer = project(relation(x), method="pca")
    y = x[answer["instruction_id"].to_numpy()].astype(np.float64)
    about = y - y.mean(axis=0)
    directions = np.linalg.svd(about, full_matrices=False)[2][:2]
    directions *= np.sign(
        directions[np.arange(len(directions)), np.abs(directions).argmax(axis=1)]
    )[:, None]
    expected = np.zeros((n, 2))
    expected[:, : len(directions)] = about @ directions.T
    np.testing.assert_allclose(
        np.stack([answer["x"], answer["y"]], axis=1), expected, rtol=1e-4, atol=1e-4
    )


@pytest.mark.slow
def test_tsne_keeps_blobs_together():
    truth, x = blobs(400)
    answer = project(relation(x))
    assert answer.column_names == ["instruction_id", "fingerprint", "x", "y"]
    assert share_near_their_own(answer, truth) > 0.99


@pytest.mark.parametrize(("n", "sample"), few_of([(300, 100), (600, 200)], (300, 100)))
def test_rows_outside_the_sample_are_placed_among_their_like(n, sample):
    truth, x = blobs(n)
    answer = project(relation(x), sample=sample)
    assert answer.column_names == ["instruction_id", "fingerprint", "x", "y"]
    assert np.isfinite(answer["x"].to_numpy()).all()
    assert share_near_their_own(answer, truth) > 0.97


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "n", "sample"), [("pca", 20_000, 50_000), ("tsne", 1_300, 1_100)]
)
def test_neither_row_order_nor_threads_change_the_map(monkeypatch, method, n, sample):
    points = relation(blobs(n)[1])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = project(points, method=method, sample=sample)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    again = project(
        points.take(np.random.default_rng(1).permutation(n)), method=method, sample=sample
    )
    assert again.equals(expected)


@pytest.mark.slow
def test_the_interpolated_map_of_many_rows_does_not_depend_on_threads(monkeypatch):
    points = relation(blobs(11_000, d=20)[1])
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = project(points)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert project(points).equals(expected)


@pytest.mark.slow
def test_umap_keeps_blobs_together_and_comes_out_the_same():
    pytest.importorskip("umap", reason="the umap extra is not installed")
    truth, x = blobs(500)
    answer = project(relation(x), method="umap", sample=300)
    assert share_near_their_own(answer, truth) > 0.97
    assert project(
        relation(x).take(np.random.default_rng(1).permutation(500)), method="umap", sample=300
    ).equals(answer)


def test_a_missing_umap_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError, match=r"umap-learn.*catalog\[umap\]"):
        project(relation(blobs(20)[1]), method="umap")


def test_the_memory_that_it_says_it_needs_is_what_it_takes(monkeypatch):
    monkeypatch.setattr("catalog.kernels._common.tsne._PHASES", ((12.0, 2), (1.0, 2)))
    points = relation(blobs(2_500)[1])
    project(points.slice(0, 300))  # what is imported at the first call
    needed = _needed(2_500, 60, "tsne", 2_000, 30.0, 15)
    tracemalloc.start()
    project(points, sample=2_000, memory=needed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert needed / 4 < peak <= needed
    with pytest.raises(MemoryLimitError):
        project(points, sample=2_000, memory=needed - 1)


@pytest.mark.parametrize("n", few_of([0, 1, 2, 9, 10, 11, 40], 0, 1, 2, 11))
def test_few_or_equal_rows_have_finite_places(n):
    for x in (np.ones((n, 3)), np.random.default_rng(0).normal(size=(n, 1))):
        answer = project(relation(x.astype(np.float32)))
        assert answer.num_rows == n
        assert np.isfinite(answer["x"].to_numpy()).all()
        assert np.isfinite(answer["y"].to_numpy()).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "mds"}, "method => 'mds' must be one of tsne, umap, pca"),
        ({"perplexity": 0.5}, "perplexity => 0.5 must be 1 or more"),
        ({"neighbors": 1}, "neighbors => 1"),
        ({"sample": 99}, "sample => 99 must be 100 or more"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(OptionError, match=message):
        project(relation(np.ones((9, 2))), **arguments)


def test_what_cannot_be_projected_is_refused():
    with pytest.raises(QueryError, match="1 of 2 vectors in v hold NaN"):
        project(relation(np.array([[1.0], [np.inf]])))
    with pytest.raises(MemoryLimitError, match="project of 20 x 60 by tsne needs"):
        project(relation(blobs(20)[1]), memory=2**20)
