"""nearest: against all pairs compared in float64."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import nearest as module
from catalog.kernels.nearest import nearest
from tests.quick import few_of


def relation(x: np.ndarray, name: str = "c") -> pa.Table:
    fingerprints = [hashlib.sha256(f"{name}{i}".encode()).hexdigest() for i in range(len(x))]
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1), pa.float32()), x.shape[1])
    return pa.table(
        {"instruction_id": np.arange(len(x)), "fingerprint": fingerprints, "v": vectors}
    )


def by_hand(
    candidates: pa.Table, queries: pa.Table, k: int, others: bool = False
) -> list[tuple[str, str, int, float]]:
    c, q = candidates.sort_by("fingerprint"), queries.sort_by("fingerprint")
    x, y = (np.array(side["v"].to_pylist(), dtype=np.float64) for side in (c, q))
    names = c["fingerprint"].to_pylist()
    answer = []
    for row, name in enumerate(q["fingerprint"].to_pylist()):
        lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y[row])
        cosines = np.round(
            np.where(lengths > 0, (x * y[row]).sum(axis=1) / np.where(lengths > 0, lengths, 1), 0),
            12,
        )
        order = [
            i
            for i in np.lexsort((np.arange(len(x)), -cosines))
            if not (others and names[i] == name)
        ][:k]
        answer += [(name, names[i], rank, cosines[i]) for rank, i in enumerate(order, start=1)]
    return answer


def check(answer: pa.Table, expected: list[tuple[str, str, int, float]]) -> None:
    names = ("query_fingerprint", "fingerprint", "rank")
    assert list(zip(*(answer[name].to_pylist() for name in names), strict=True)) == [
        line[:3] for line in expected
    ]
    np.testing.assert_allclose(
        answer["similarity"].to_numpy(), [line[3] for line in expected], atol=2e-12
    )


@pytest.mark.parametrize("seed", few_of(range(12), 0, 1, 2, 3))
def test_neighbours_equal_all_pairs_compared(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(module, "CANDIDATES", int(rng.integers(1, 60)))  # many small blocks
    monkeypatch.setattr(module, "QUERIES", int(rng.integers(1, 9)))
    monkeypatch.setattr(module, "WAITING", int(rng.integers(1, 200)))
    n, m, d, k = (int(rng.integers(1, top)) for top in (150, 20, 9, 20))
    x, y = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    if seed % 2:  # ties
        x, y = (
            rng.integers(-1, 2, size=(n, d)).astype(float),
            rng.integers(-1, 2, size=(m, d)).astype(float),
        )
    candidates, queries = relation(x), relation(y, "q")
    check(nearest(candidates, queries, k=k), by_hand(candidates, queries, k))
    check(
        nearest(candidates, candidates, k=k, others=True),
        by_hand(candidates, candidates, k, others=True),
    )


def test_similarities_that_float32_cannot_tell_apart_are_ranked_right():
    angles = 0.001 * np.arange(1, 40) / 40
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    answer = nearest(relation(x), relation(np.array([[1.0, 0.0]]), "q"), k=5)
    assert answer["instruction_id"].to_pylist() == [0, 1, 2, 3, 4]


def test_neither_row_order_nor_threads_change_the_answer(monkeypatch):
    rng = np.random.default_rng(0)
    candidates, queries = (
        relation(rng.normal(size=(9_000, 8))),
        relation(rng.normal(size=(700, 8)), "q"),
    )
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    expected = nearest(candidates, queries, k=7)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert nearest(
        candidates.take(rng.permutation(9_000)), queries.take(rng.permutation(700)), k=7
    ).equals(expected)


def test_columns_of_both_sides_are_told_apart():
    candidates, queries = (
        relation(np.eye(2)),
        relation(np.eye(2), "q").append_column("text", [["one", "two"]]),
    )
    answer = nearest(candidates, queries, k=1)
    assert answer.column_names == [
        "query_instruction_id",
        "query_fingerprint",
        "query_text",
        "instruction_id",
        "fingerprint",
        "rank",
        "similarity",
    ]
    assert answer["query_instruction_id"].to_pylist() == answer["instruction_id"].to_pylist()


def test_no_candidates_or_no_queries_have_no_neighbours():
    some = relation(np.eye(3))
    assert nearest(some.slice(0, 0), some).num_rows == nearest(some, some.slice(0, 0)).num_rows == 0
    assert nearest(some.slice(0, 1), some.slice(0, 1), others=True).num_rows == 0


def test_a_vector_of_zeros_is_similar_to_nothing():
    answer = nearest(relation(np.zeros((2, 2))), relation(np.eye(2), "q"), k=1)
    assert set(answer["similarity"].to_pylist()) == {0.0}


def test_what_cannot_be_compared_is_refused():
    some = relation(np.eye(3))
    with pytest.raises(OptionError, match="k => 0 must be 1 or more"):
        nearest(some, some, k=0)
    with pytest.raises(QueryError, match="have 3 numbers and the queries' 2"):
        nearest(some, relation(np.eye(2)))
    with pytest.raises(QueryError, match="the queries have none"):
        nearest(some, some.drop_columns(["fingerprint"]), others=True)
    with pytest.raises(QueryError, match="1 of 1 vectors in v hold NaN"):
        nearest(some, relation(np.array([[1.0, np.nan, 0.0]])))
    with pytest.raises(MemoryLimitError, match="nearest of 3 queries among 3 x 3 needs"):
        nearest(some, some, memory=2**20)
