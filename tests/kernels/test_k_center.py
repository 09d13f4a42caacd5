"""Farthest-first against its definition."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels._common.lazy_greedy import grid
from catalog.kernels.k_center import k_center
from tests.quick import examples

Array = np.ndarray[Any, Any]


def naive(x: Array, *, first: int, budget: int) -> tuple[list[int], list[float]]:
    """Every distance at every pick, in float64; ties on k_center's grid go to the lowest row."""
    x = x.astype(np.float64)
    order, distances = [first], [0.0]
    step = 0.0
    for _ in range(min(budget, len(x)) - 1):
        nearest = np.min([np.square(x - x[row]).sum(axis=1) for row in order], axis=0)
        step = step or grid(nearest.max())
        rounded = np.rint(nearest / step)
        rounded[order] = -1
        order.append(int(rounded.argmax()))
        distances.append(float(np.sqrt(nearest[order[-1]])))
    return order, distances


def table(x: Array) -> pa.Table:
    return pa.table(
        {
            "fingerprint": [f"{row:06}" for row in range(len(x))],
            "vector": pa.array(list(x.astype(np.float32))),
        }
    )


def order_of(answer: pa.Table) -> list[int]:
    return [int(fingerprint) for fingerprint in answer["fingerprint"].to_pylist()]


@settings(max_examples=examples(60))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    d=st.integers(1, 6),
    budget=st.integers(1, 65),
    kind=st.sampled_from(["normal", "few values", "duplicates"]),
    start=st.sampled_from(["mean", "random"]),
)
def test_rows_are_chosen_in_naive_order_ties_included(
    seed: int, n: int, d: int, budget: int, kind: str, start: Any
) -> None:
    x = np.random.default_rng(seed).normal(size=(n, d))
    if kind == "few values":
        x = np.rint(x)
    elif kind == "duplicates":
        x = x[np.random.default_rng(seed).integers(0, n, n)]
    x = x.astype(np.float32)
    answer = k_center(table(x), budget=budget, start=start, seed=seed)
    order, distances = naive(x, first=order_of(answer)[0], budget=budget)
    assert order_of(answer) == order
    assert answer["distance"].to_pylist()[0] is None
    np.testing.assert_allclose(
        answer["distance"].to_numpy()[1:], distances[1:], rtol=1e-9, atol=1e-6
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_many_more_rows_than_the_front_holds_are_chosen_in_naive_order(seed: int) -> None:
    generator = np.random.default_rng(seed)
    x = (
        generator.normal(size=(20, 6))[generator.integers(0, 20, 5000)]
        + 0.3 * generator.normal(size=(5000, 6))
    ).astype(np.float32)
    answer = k_center(table(x), budget=150)
    assert order_of(answer) == naive(x, first=order_of(answer)[0], budget=150)[0]


def test_the_first_row_is_the_one_nearest_to_the_mean() -> None:
    x = np.random.default_rng(0).normal(size=(200, 5)).astype(np.float32)
    assert order_of(k_center(table(x), budget=1)) == [
        int(np.linalg.norm(x - x.mean(axis=0), axis=1).argmin())
    ]


def test_the_next_distance_is_the_covering_radius() -> None:
    x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    answer = k_center(table(x), budget=31)
    chosen = x[order_of(answer)[:30]]
    radius = max(np.linalg.norm(chosen - row, axis=1).min() for row in x)
    assert answer["distance"].to_pylist()[30] == pytest.approx(radius, rel=1e-5)


def test_cosine_is_the_distance_of_unit_vectors_and_ignores_length() -> None:
    x = np.random.default_rng(0).normal(size=(100, 4)).astype(np.float32)
    scaled = x * np.random.default_rng(1).uniform(0.1, 9, size=(100, 1)).astype(np.float32)
    assert order_of(k_center(table(x), budget=20, metric="cosine")) == order_of(
        k_center(table(scaled), budget=20, metric="cosine")
    )


@pytest.mark.parametrize("seed", range(20))
def test_directions_are_chosen_in_naive_order_ties_included_whatever_the_lengths(seed: int) -> None:
    draw = np.random.default_rng(seed)
    x = draw.integers(-2, 3, size=(40, 3)) * draw.integers(1, 9, size=(40, 1))
    answer = k_center(table(x), budget=30, metric="cosine")
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    order, distances = naive(
        x / np.where(lengths > 0, lengths, 1), first=order_of(answer)[0], budget=30
    )
    assert order_of(answer) == order
    np.testing.assert_allclose(
        answer["distance"].to_numpy()[1:], distances[1:], rtol=1e-9, atol=1e-6
    )


def test_the_order_of_the_rows_and_the_number_of_threads_do_not_matter(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = table(np.random.default_rng(0).normal(size=(3000, 8)))
    expected = k_center(x, budget=100)
    assert k_center(x.take(np.random.default_rng(0).permutation(3000)), budget=100).equals(expected)
    for n_threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        assert k_center(x, budget=100).equals(expected)


def test_rows_that_are_all_alike_are_chosen_by_fingerprint() -> None:
    assert order_of(k_center(table(np.ones((5, 3))), budget=9)) == [0, 1, 2, 3, 4]


def test_an_empty_relation_gives_an_empty_answer() -> None:
    answer = k_center(table(np.eye(2)).slice(0, 0), budget=3)
    assert answer.column_names == ["fingerprint", "rank", "distance"]
    assert answer.num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget is 0"),
        ({"budget": 1, "metric": "l1"}, "'euclidean' or 'cosine'"),
        ({"budget": 1, "start": "x"}, "'mean' or 'random'"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        k_center(table(np.eye(2)), **arguments)


def test_vectors_that_are_not_finite_are_refused() -> None:
    with pytest.raises(QueryError, match="NaN"):
        k_center(table(np.array([[np.nan], [1.0]])), budget=1)


def test_too_little_memory_is_refused_with_a_figure() -> None:
    with pytest.raises(MemoryLimitError, match="k_center of 2 x 2 needs"):
        k_center(table(np.eye(2)), budget=1, memory=100)


def test_rows_that_are_given_count_as_chosen_and_are_not_returned() -> None:
    generator = np.random.default_rng(5)
    for n in (4, 30, 80):
        x = generator.normal(size=(n, 3)).astype(np.float32)
        is_given = generator.random(n) < 0.3
        rows = pa.table(
            {
                "fingerprint": [f"{row:04}" for row in range(n)],
                "is_given": is_given,
                "vector": pa.array(list(x), pa.list_(pa.float32())),
            }
        )
        answer = k_center(rows, budget=10, given="is_given")
        chosen, expected = list(np.flatnonzero(is_given)), []
        exact = x.astype(np.float64)
        while chosen and len(expected) < min(10, n - int(is_given.sum())):
            apart = np.linalg.norm(exact[:, None] - exact[chosen][None], axis=2).min(axis=1)
            apart[chosen] = -1
            expected.append(int(apart.argmax()))
            chosen.append(expected[-1])
        if is_given.any():
            assert [int(name) for name in answer["fingerprint"].to_pylist()] == expected
            assert answer["distance"].null_count == 0


def test_a_column_that_is_not_of_booleans_gives_nothing() -> None:
    rows = pa.table({"fingerprint": ["a"], "n": [1], "vector": [[1.0]]})
    with pytest.raises(QueryError, match="booleans"):
        k_center(rows, budget=1, given="n")
