"""The greedy similarity filter against its definition."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import diverse as module_of_diverse
from catalog.kernels.diverse import diverse
from tests.quick import examples, few_of

Array = np.ndarray[Any, Any]


def naive(
    x: Array, scores: Array, *, budget: int, threshold: float
) -> list[tuple[int, int | None, float | None, int | None]]:
    """Return row, rank, highest cosine to an earlier accepted row, and that row's rank."""
    x = x.astype(np.float64)
    lengths = np.sqrt((x * x).sum(axis=1))
    accepted: list[int] = []
    answer: list[tuple[int, int | None, float | None, int | None]] = []
    for row in sorted(range(len(x)), key=lambda row: (-scores[row], row)):
        if len(accepted) == budget:
            break
        scale = lengths[accepted] * lengths[row]
        cosines = np.round(
            np.where(scale > 0, x[accepted] @ x[row] / np.where(scale > 0, scale, 1), 0), 12
        )
        is_accepted = not len(cosines) or bool(cosines.max() <= threshold)
        nearest = (
            (float(cosines.max()), int(cosines.argmax()) + 1) if len(cosines) else (None, None)
        )
        accepted.extend([row] * is_accepted)
        answer.append((row, len(accepted) if is_accepted else None, *nearest))
    return answer


def table(x: Array, scores: Array) -> pa.Table:
    fingerprints = [f"{row:06}" for row in range(len(x))]
    return pa.table(
        {
            "fingerprint": fingerprints,
            "score": scores,
            "vector": pa.array(list(x.astype(np.float32)), pa.list_(pa.float32())),
        }
    )


def rows_of(answer: pa.Table) -> list[tuple[int, int | None, float | None, int | None]]:
    columns = [
        answer[name].to_pylist()
        for name in ("fingerprint", "rank", "nearest_similarity", "nearest_rank")
    ]
    return [(int(fingerprint), *rest) for fingerprint, *rest in zip(*columns, strict=True)]


def check(x: Array, scores: Array, *, budget: int, threshold: float) -> None:
    expected = naive(x, scores, budget=budget, threshold=threshold)
    answer = diverse(table(x, scores), budget=budget, threshold=threshold, rejected=True)
    assert [row[:2] for row in rows_of(answer)] == [row[:2] for row in expected]
    assert [row[3] for row in rows_of(answer)] == [row[3] for row in expected]
    for (_, _, ours, _), (_, _, theirs, _) in zip(rows_of(answer), expected, strict=True):
        assert (ours is None and theirs is None) or ours == pytest.approx(theirs, abs=1e-11)
    assert rows_of(diverse(table(x, scores), budget=budget, threshold=threshold)) == [
        row for row in rows_of(answer) if row[1] is not None
    ]


@settings(max_examples=examples(100))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    d=st.integers(1, 5),
    budget=st.integers(1, 65),
    threshold=st.sampled_from([-0.5, 0.0, 0.5, 0.9, 1.0]),
    kind=st.sampled_from(["normal", "few values", "duplicates"]),
)
def test_rows_are_accepted_as_the_definition_says(
    seed: int, n: int, d: int, budget: int, threshold: float, kind: str
) -> None:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, d))
    if kind == "few values":  # with rows of zeros, and cosines that equal the threshold
        x = np.rint(x)
    elif kind == "duplicates":
        x = x[generator.integers(0, n, n)]
    check(
        x.astype(np.float32),
        generator.integers(0, 9, n).astype(float),
        budget=budget,
        threshold=threshold,
    )


@pytest.mark.parametrize("budget", few_of([40, 700, 3000], 700))
def test_rows_over_many_blocks_are_accepted_as_the_definition_says(
    budget: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module_of_diverse, "_N_BLOCK", 256)
    generator = np.random.default_rng(1)
    x = (
        generator.normal(size=(300, 12))[generator.integers(0, 300, 3000)]
        + 0.15 * generator.normal(size=(3000, 12))
    ).astype(np.float32)
    check(x, generator.normal(size=3000), budget=budget, threshold=0.95)


@pytest.mark.slow
def test_rows_that_are_all_alike_are_compared_a_few_pairs_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    x = np.ones((1024, 384)) + np.random.default_rng(0).normal(size=(1024, 384)) / 100
    rows = table(x, np.arange(1024) % 7)
    diverse(rows, budget=10, threshold=0.5)
    tracemalloc.start()
    answer = diverse(rows, budget=100, threshold=0.5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.num_rows == 1
    assert peak < 80 * 2**20  # gathered at once the pairs are 700 MiB


def test_a_cosine_equal_to_the_threshold_is_accepted_whatever_float32_says() -> None:
    x = np.array([[3, 4], [4, 3], [3, 4]]) * np.array([[1.0], [7.0], [1e-3]])  # cosines 0.96 and 1
    assert diverse(table(x, np.array([3, 2, 1])), budget=3, threshold=0.96)[
        "fingerprint"
    ].to_pylist() == ["000000", "000001"]


def test_the_rejecting_neighbour_is_named() -> None:
    x = np.array([[1.0, 0.0], [0.0, 1.0], [0.01, 1.0]])
    last = diverse(table(x, np.array([3, 2, 1])), budget=3, rejected=True).to_pylist()[2]
    assert last["rank"] is None
    assert (last["nearest_rank"], last["nearest_fingerprint"]) == (2, "000001")
    assert last["nearest_similarity"] == pytest.approx(1 / np.sqrt(1.0001))


def test_the_order_of_the_rows_and_the_number_of_threads_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    generator = np.random.default_rng(0)
    rows = table(generator.normal(size=(2000, 6)), generator.integers(0, 9, 2000))
    expected = diverse(rows, budget=300, threshold=0.8, rejected=True)
    assert diverse(
        rows.take(generator.permutation(2000)), budget=300, threshold=0.8, rejected=True
    ).equals(expected)
    for n_threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        assert diverse(rows, budget=300, threshold=0.8, rejected=True).equals(expected)


def test_another_column_can_be_the_score_and_columns_pass_through() -> None:
    rows = (
        table(np.eye(3), np.array([1, 2, 3]))
        .append_column("depth", pa.array([5.0, 9.0, 7.0]))
        .append_column("instruction_id", pa.array([7, 8, 9]))
    )
    answer = diverse(rows, budget=2, score="depth")
    assert answer["instruction_id"].to_pylist() == [8, 9]
    assert answer.column_names[-4:] == [
        "rank",
        "nearest_similarity",
        "nearest_rank",
        "nearest_fingerprint",
    ]


def test_an_empty_relation_gives_an_empty_answer() -> None:
    assert diverse(table(np.eye(2), np.ones(2)).slice(0, 0), budget=3, rejected=True).num_rows == 0


def test_bad_arguments_are_named() -> None:
    rows = table(np.eye(2), np.ones(2))
    with pytest.raises(OptionError, match="budget is 0"):
        diverse(rows, budget=0)
    with pytest.raises(OptionError, match=r"threshold is 1\.5"):
        diverse(rows, budget=1, threshold=1.5)


def test_bad_relations_are_refused() -> None:
    rows = table(np.eye(2), np.ones(2))
    with pytest.raises(QueryError, match="no column quality"):
        diverse(rows, budget=1, score="quality")
    with pytest.raises(QueryError, match="scores are numbers"):
        diverse(rows, budget=1, score="fingerprint")
    with pytest.raises(QueryError, match="1 of 2 rows have no score"):
        diverse(table(np.eye(2), np.array([1, np.nan])), budget=1)
    with pytest.raises(QueryError, match="2 of 2 rows have no score"):
        diverse(rows.set_column(1, "score", pa.array([None, None], pa.float64())), budget=1)
    with pytest.raises(QueryError, match="NaN"):
        diverse(table(np.array([[np.inf], [1.0]]), np.ones(2)), budget=1)


def test_too_little_memory_is_refused_with_a_figure() -> None:
    with pytest.raises(MemoryLimitError, match="diverse of 2 x 2 needs"):
        diverse(table(np.eye(2), np.ones(2)), budget=1, memory=100)
