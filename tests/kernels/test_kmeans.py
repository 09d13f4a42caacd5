"""kmeans: Lloyd's algorithm, against its plain form and scikit-learn's."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels._common.lloyd import Lloyd
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels.kmeans import kmeans
from tests.quick import examples, few_of


def relation(x: np.ndarray) -> pa.Table:
    fingerprints = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(len(x))]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1), pa.float32()), x.shape[1])
    return pa.table(
        {"instruction_id": np.arange(len(x)), "fingerprint": fingerprints, "losses": vectors}
    )


def vectors(answer: pa.Table, x: np.ndarray) -> np.ndarray:
    return x[answer["instruction_id"].to_numpy()].astype(np.float64)


def inertia(answer: pa.Table) -> float:
    return float(np.square(answer["distance"].to_numpy()).sum())


def plain_lloyd(
    x: np.ndarray, centres: np.ndarray, iterations: int
) -> tuple[np.ndarray, np.ndarray]:
    for _ in range(iterations):
        labels = np.square(x[:, None] - centres[None]).sum(axis=2).argmin(axis=1)
        centres = np.stack([x[labels == c].mean(axis=0) for c in range(len(centres))])
    return centres, np.square(x[:, None] - centres[None]).sum(axis=2).argmin(axis=1)


@pytest.mark.parametrize("seed", range(8))
def test_iterations_equal_the_plain_algorithm(seed):
    rng = np.random.default_rng(seed)
    n, d, k = int(rng.integers(40, 3_000)), int(rng.integers(1, 24)), int(rng.integers(1, 9))
    x = (rng.normal(size=(n, d)) + rng.normal(size=d) * 5).astype(np.float32)
    first = x[rng.choice(n, k, replace=False)].astype(np.float64)
    expected, expected_labels = plain_lloyd(x.astype(np.float64), first, 6)
    with row_blocks() as for_blocks:
        rows = Lloyd(x, k, for_blocks)
        centres, counts = rows.fit(first - rows.origin, 6)
        distances = rows.distances(centres)
    assert (
        rows.labels == expected_labels
    ).mean() > 0.999  # a tie within float32 may fall either way
    np.testing.assert_allclose(centres + rows.origin, expected, atol=2e-3)
    np.testing.assert_array_equal(counts, np.bincount(rows.labels, minlength=k))
    exact = np.linalg.norm(x.astype(np.float64) - (centres + rows.origin)[rows.labels], axis=1)
    np.testing.assert_allclose(distances, exact, atol=1e-9)


@pytest.mark.parametrize("start", ["k-means++", "random"])
def test_a_converged_cluster_is_all_rows_nearest_to_its_mean(start):
    x = np.random.default_rng(3).normal(size=(500, 3)).astype(np.float32)
    answer = kmeans(relation(x), k=7, iterations=500, start=start)
    labels, v = answer["cluster"].to_numpy(), vectors(answer, x)
    means = np.stack([v[labels == c].mean(axis=0) for c in range(7)])
    apart = np.linalg.norm(v[:, None] - means[None], axis=2)
    np.testing.assert_array_equal(apart.argmin(axis=1), labels)
    np.testing.assert_allclose(answer["distance"].to_numpy(), apart.min(axis=1), atol=1e-5)


@pytest.mark.slow
def test_the_total_distance_is_as_small_as_scikit_learns():
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(5)
    x = (
        rng.normal(size=(40, 12))[rng.integers(40, size=20_000)] * 3 + rng.normal(size=(20_000, 12))
    ).astype(np.float32)
    ours = np.median(
        [inertia(kmeans(relation(x), k=50, seed=seed, start="k-means++")) for seed in range(3)]
    )
    theirs = np.median(
        [
            KMeans(50, n_init=1, max_iter=20, tol=0, random_state=seed).fit(x).inertia_
            for seed in range(3)
        ]
    )
    assert ours <= 1.005 * theirs


@pytest.mark.parametrize(
    ("start", "sample"),
    few_of(
        [("k-means++", None), ("random", None), ("k-means++", 3_000)],
        ("k-means++", 3_000),
        ("random", None),
    ),
)
def test_neither_row_order_nor_threads_change_the_answer(monkeypatch, start, sample):
    rng = np.random.default_rng(7)
    points = relation(rng.normal(size=(50_000, 12)).astype(np.float32))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = kmeans(points, k=20, iterations=5, start=start, sample=sample)
    for threads in ("2", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        assert kmeans(
            points.take(rng.permutation(50_000)), k=20, iterations=5, start=start, sample=sample
        ).equals(expected)


@pytest.mark.slow
@given(
    cells=st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=60),
    k=st.integers(1, 30),
    start=st.sampled_from(["k-means++", "random"]),
    iterations=st.integers(0, 4),
    seed=st.integers(0, 5),
)
@settings(max_examples=examples(150))
def test_there_are_k_clusters_or_as_many_as_distinct_vectors(cells, k, start, iterations, seed):
    x = np.array(cells, dtype=np.float32) * 1.1 + 0.3
    answer = kmeans(relation(x), k=k, start=start, iterations=iterations, seed=seed)
    labels = answer["cluster"].to_numpy()
    assert len(np.unique(labels)) == min(k, len(set(cells)))
    assert labels.max() == len(np.unique(labels)) - 1
    same = {}
    for row, label in zip(vectors(answer, x).tolist(), labels.tolist(), strict=True):
        assert same.setdefault(tuple(row), label) == label
    if k >= len(set(cells)):
        converged = kmeans(relation(x), k=k, start=start, iterations=100, seed=seed)
        np.testing.assert_allclose(converged["distance"].to_numpy(), 0, atol=1e-5)


def test_clusters_are_numbered_by_size_then_by_first_fingerprint():
    x = np.repeat([[0.0], [50.0], [100.0], [150.0]], [3, 9, 3, 5], axis=0).astype(np.float32)
    points = relation(x)
    answer = kmeans(points, k=4, start="k-means++")
    values, labels = vectors(answer, x)[:, 0], answer["cluster"].to_numpy()
    assert np.bincount(labels).tolist() == [9, 5, 3, 3]
    assert values[np.flatnonzero(labels == 2)[0]] == values[np.isin(values, [0, 100])][0]


def test_a_sample_fits_and_every_row_is_assigned_to_its_nearest_centre():
    rng = np.random.default_rng(11)
    centres = np.array([[0, 0], [40, 0], [0, 40], [40, 40]])
    truth = rng.integers(4, size=5_000)
    x = (centres[truth] + rng.normal(size=(5_000, 2))).astype(np.float32)
    answer = kmeans(relation(x), k=4, sample=200, start="k-means++")
    found = answer["cluster"].to_numpy()
    pairs = set(
        zip(truth[answer["instruction_id"].to_numpy()].tolist(), found.tolist(), strict=True)
    )
    assert len(pairs) == 4
    assert kmeans(relation(x), k=4, sample=5_000).equals(kmeans(relation(x), k=4))


def test_a_common_offset_costs_no_precision():
    rng = np.random.default_rng(13)
    truth = rng.integers(3, size=3_000)
    x = (
        np.array([0.0, 1.0, 2.0])[truth, None] + rng.normal(size=(3_000, 4)) * 0.05 + 3_000
    ).astype(np.float32)
    answer = kmeans(relation(x), k=3, start="k-means++")
    assert (
        len(
            set(
                zip(
                    truth[answer["instruction_id"].to_numpy()].tolist(),
                    answer["cluster"].to_pylist(),
                    strict=True,
                )
            )
        )
        == 3
    )


def test_columns_other_than_the_vectors_pass_through():
    answer = kmeans(relation(np.eye(4, dtype=np.float32)), k=2)
    assert answer.schema.names == ["instruction_id", "fingerprint", "cluster", "distance"]
    assert answer["fingerprint"].to_pylist() == sorted(answer["fingerprint"].to_pylist())


def test_one_cluster_takes_every_row():
    assert set(kmeans(relation(np.eye(4, dtype=np.float32)), k=1)["cluster"].to_pylist()) == {0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"k": 0}, "k => 0 must be 1 or more"),
        ({"k": 2, "iterations": -1}, "iterations => -1"),
        ({"k": 2, "start": "best"}, "start => 'best' must be one of k-means"),
        ({"k": 5, "sample": 4}, "sample => 4 must be at least k, 5"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(OptionError, match=message):
        kmeans(relation(np.ones((9, 2), dtype=np.float32)), **arguments)


def test_what_no_distance_is_defined_for_is_refused():
    x = np.ones((9, 2), dtype=np.float32)
    x[4, 1] = np.nan
    with pytest.raises(QueryError, match="1 of 9 vectors in losses hold NaN"):
        kmeans(relation(x), k=2)
    with pytest.raises(QueryError, match="no rows"):
        kmeans(relation(x).slice(0, 0), k=2)


def test_what_does_not_fit_is_refused_with_a_figure():
    with pytest.raises(
        MemoryLimitError, match=r"kmeans of 1,000 x 2 in 9 clusters needs \d+ MiB and may use 1 MiB"
    ):
        kmeans(relation(np.ones((1_000, 2), dtype=np.float32)), k=9, memory=2**20)


@pytest.mark.parametrize("iterations", [0, 1, 40])
def test_a_centre_without_rows_moves_to_the_farthest_row(iterations):
    x = np.random.default_rng(17).normal(size=(300, 2)).astype(np.float32)
    first = np.array([[0.0, 0.0], [99.0, 99.0], [98.0, 99.0]])
    with row_blocks() as for_blocks:
        rows = Lloyd(x, 3, for_blocks)
        centres, counts = rows.fit(first, iterations)
    assert counts.min() > 0
    if iterations == 40:
        means = np.stack([x[rows.labels == c].mean(axis=0) for c in range(3)])
        np.testing.assert_allclose(centres + rows.origin, means, atol=1e-5)


def test_within_a_column_each_value_is_clustered_by_itself() -> None:
    draw = np.random.default_rng(5)
    n = 60
    rows = pa.table(
        {
            "fingerprint": [f"{i:03d}" for i in draw.permutation(n)],
            "source": [["a", "b", None][i % 3] for i in range(n)],
            "v": list(draw.normal(size=(n, 3)).astype(np.float32)),
        }
    )
    together = kmeans(rows, k=4, within="source")
    assert together["fingerprint"].to_pylist() == sorted(rows["fingerprint"].to_pylist())
    for source in ("a", "b", None):
        keep = [value == source for value in rows["source"].to_pylist()]
        alone = kmeans(rows.filter(pa.array(keep)), k=4)
        keep = [value == source for value in together["source"].to_pylist()]
        assert together.filter(pa.array(keep)).equals(alone)


def test_within_a_small_group_there_are_as_many_clusters_as_rows() -> None:
    rows = pa.table(
        {"fingerprint": ["a", "b", "c"], "source": ["x", "x", "y"], "v": [[0.0], [1.0], [5.0]]}
    )
    assert kmeans(rows, k=2, within="source")["cluster"].to_pylist() == [0, 1, 0]
    with pytest.raises(QueryError, match="sauce"):
        kmeans(rows, k=2, within="sauce")
    with pytest.raises(
        QueryError,
        match=r"within => 'size' .* double",
    ):
        kmeans(rows.append_column("size", pa.array([1.0, float("nan"), 2.0])), k=2, within="size")
