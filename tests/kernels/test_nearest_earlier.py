"""The nearest row before each row, against all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, QueryError
from catalog.kernels.nearest_earlier import nearest_earlier
from tests.quick import examples

Array = np.ndarray[Any, Any]


def relation(x: Array, scores: Array, groups: Array) -> pa.Table:
    return pa.table(
        {
            "fingerprint": [f"{row:04}" for row in range(len(x))],
            "score": scores,
            "source": groups,
            "vector": pa.array(list(x.astype(np.float32)), pa.list_(pa.float32())),
        }
    )


def by_all_pairs(x: Array, scores: Array, groups: Array) -> list[tuple[float | None, str | None]]:
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    units = x / np.where(lengths > 0, lengths, 1)
    cosines = np.round(units @ units.T, 12)
    rank = np.empty(len(x), dtype=int)
    rank[np.lexsort((np.arange(len(x)), -scores))] = np.arange(len(x))
    answer: list[tuple[float | None, str | None]] = []
    for row in range(len(x)):
        earlier = [
            other
            for other in range(len(x))
            if rank[other] < rank[row] and groups[other] == groups[row]
        ]
        if not earlier:
            answer.append((None, None))
            continue
        best = max(earlier, key=lambda other: (cosines[row, other], -rank[other]))
        answer.append((cosines[row, best], f"{best:04}"))
    return answer


@settings(max_examples=examples(40))
@given(seed=st.integers(0, 10**6), n=st.integers(1, 50), integral=st.booleans())
def test_the_nearest_earlier_row_of_the_group_is_named(seed: int, n: int, integral: bool) -> None:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 3)).astype(np.float32).astype(np.float64)
    if integral:
        x = np.rint(x)
    scores, groups = generator.integers(0, 4, n), generator.integers(0, 3, n)
    answer = nearest_earlier(relation(x, scores, groups), by="score", within="source")
    expected = by_all_pairs(x, scores, groups)
    for similarity, (cosine, _) in zip(
        answer["nearest_similarity"].to_pylist(), expected, strict=True
    ):
        assert similarity == pytest.approx(cosine, abs=1e-9)
    if integral:
        names = [name for _, name in expected]
        assert answer["nearest_fingerprint"].to_pylist() == names


def test_row_order_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    rows = relation(
        generator.normal(size=(300, 8)), generator.integers(0, 9, 300), np.zeros(300, dtype=int)
    )
    expected = nearest_earlier(rows, by="score")
    assert expected["nearest_fingerprint"].null_count == 1
    monkeypatch.setattr("catalog.kernels.nearest_earlier._N_BLOCK", 37)
    shuffled = rows.take(generator.permutation(300))
    assert nearest_earlier(shuffled, by="score").equals(expected)


def test_missing_columns_and_too_little_memory_are_refused() -> None:
    rows = relation(np.eye(3), np.arange(3), np.zeros(3, dtype=int))
    with pytest.raises(QueryError, match="fingerprint"):
        nearest_earlier(rows.drop_columns(["fingerprint"]), by="score")
    with pytest.raises(QueryError, match="source"):
        nearest_earlier(rows, by="sauce")
    with pytest.raises(QueryError, match="sauce"):
        nearest_earlier(rows, by="score", within="sauce")
    with pytest.raises(MemoryLimitError, match="3 x 3"):
        nearest_earlier(rows, by="score", memory=10)
