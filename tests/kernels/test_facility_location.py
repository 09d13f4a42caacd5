"""Facility location against a greedy that evaluates every row at every pick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels._common.facility_early import EarlyPicks
from catalog.kernels._common.facility_pairs import PairPicks, TooManyPairsError
from catalog.kernels._common.lazy_greedy import grid
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels.facility_location import facility_location
from tests.quick import examples, few_of

Array = np.ndarray[Any, Any]


WAYS = ("held", "bounds", "pairs", "both")


def choose_by(way: str, patch: pytest.MonkeyPatch) -> None:
    """Hold all similarities; or never, with bounds alone, with pairs from the second pick, or both.

    Small tiles and fronts, so that few rows fill several.
    """
    module = "catalog.kernels.facility_location"
    patch.setattr(f"{module}._N_FRONT", 5)
    for name in ("held", "early", "pairs"):
        patch.setattr(f"catalog.kernels._common.facility_{name}._N_BLOCK", 24)
    for name in ("early", "pairs"):
        patch.setattr(f"catalog.kernels._common.facility_{name}._N_COLUMNS", 32)
    if way != "held":
        patch.setattr(f"{module}._HELD_BYTES", 0)
    if way in ("bounds", "pairs"):
        patch.setattr(
            f"{module}._most_pairs", {"bounds": lambda n: -1, "pairs": lambda n: n * n}[way]
        )
    if way == "both":
        patch.setattr(f"{module}._most_pairs", lambda n: n * n // 8)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    choose_by(request.param, monkeypatch)
    return str(request.param)


def naive(x: Array, *, budget: int) -> tuple[list[int], list[float]]:
    """From the n x n matrix of cosines; ties on facility_location's grid go to the lowest row."""
    x = x.astype(np.float64)
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    x /= np.where(lengths > 0, lengths, 1)
    cosines = np.maximum(x @ x.T, 0)
    best = np.zeros(len(x))
    order: list[int] = []
    won: list[float] = []
    step = 0.0
    for _ in range(min(budget, len(x))):
        gains = np.maximum(cosines - best, 0).sum(axis=1)
        step = step or grid(gains.max())
        rounded = np.rint(gains / step)
        rounded[order] = -1
        order.append(int(rounded.argmax()))
        won.append(gains[order[-1]])
        best = np.maximum(best, cosines[order[-1]])
    return order, won


def table(x: Array) -> pa.Table:
    return pa.table(
        {
            "fingerprint": [f"{row:06}" for row in range(len(x))],
            "vector": pa.array(list(x.astype(np.float32)), pa.list_(pa.float32())),
        }
    )


def order_of(answer: pa.Table) -> list[int]:
    return [int(fingerprint) for fingerprint in answer["fingerprint"].to_pylist()]


def topics(seed: int, *, n: int, d: int, n_topics: int, spread: float) -> Array:
    generator = np.random.default_rng(seed)
    return (
        generator.normal(size=(n_topics, d))[generator.integers(0, n_topics, n)]
        + spread * generator.normal(size=(n, d))
    ).astype(np.float32)


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=examples(30))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 60),
    d=st.integers(1, 6),
    budget=st.integers(1, 65),
    kind=st.sampled_from(["normal", "few values", "duplicates"]),
)
def test_rows_are_chosen_in_naive_order_ties_included(
    way: str, seed: int, n: int, d: int, budget: int, kind: str
) -> None:
    x = np.random.default_rng(seed).normal(size=(n, d))
    if kind == "few values":
        x = np.rint(x)
    elif kind == "duplicates":
        x = x[np.random.default_rng(seed).integers(0, n, n)]
    x = x.astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        choose_by(way, patch)
        answer = facility_location(table(x), budget=budget)
    order, gains = naive(x, budget=budget)
    assert order_of(answer) == order
    np.testing.assert_allclose(answer["gain"].to_numpy(), gains, atol=1e-9)
    np.testing.assert_allclose(
        answer["mean_similarity"].to_numpy(), np.cumsum(gains) / n, atol=1e-9
    )


@pytest.mark.usefixtures("way")
def test_a_pick_weighs_its_gain_against_its_quality() -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=(60, 5)).astype(np.float32)
    scores = generator.integers(2, 7, 60)
    rows = table(x).append_column("quality", pa.array(scores))
    answer = facility_location(rows, budget=40, score="quality", alpha=0.4)
    units = x.astype(np.float64) / np.linalg.norm(x.astype(np.float64), axis=1, keepdims=True)
    cosines, best = np.maximum(units @ units.T, 0), np.zeros(60)
    quality = (scores - scores.min()) / np.ptp(scores)
    order: list[int] = []
    for _ in range(40):
        gains = np.maximum(cosines - best, 0).sum(axis=1)
        value = np.round(0.6 * gains / 60 + 0.4 * quality, 12)
        value[order] = -1
        order.append(int(value.argmax()))
        best = np.maximum(best, cosines[order[-1]])
    assert order_of(answer) == order


def test_a_weight_without_a_score_and_one_above_its_range_are_refused() -> None:
    with pytest.raises(OptionError, match="score"):
        facility_location(table(np.eye(2)), budget=1, alpha=0.5)
    with pytest.raises(OptionError, match="alpha"):
        facility_location(table(np.eye(2)), budget=1, alpha=1.0)


@pytest.mark.usefixtures("way")
def test_an_infinite_quality_is_refused() -> None:
    rows = table(np.eye(3)).append_column("quality", pa.array([0.0, np.inf, 1.0]))
    with pytest.raises(QueryError, match="quality"):
        facility_location(rows, budget=2, score="quality", alpha=0.5)


@pytest.mark.slow
@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("spread", [0.1, 0.8])
def test_many_more_rows_than_the_front_holds_are_chosen_in_naive_order(spread: float) -> None:
    x = topics(1, n=1500, d=16, n_topics=40, spread=spread)
    answer = facility_location(table(x), budget=150)
    order, gains = naive(x, budget=150)
    assert order_of(answer) == order
    np.testing.assert_allclose(answer["gain"].to_numpy(), gains, rtol=1e-9)


def test_pairs_that_count_no_more_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    choose_by("pairs", monkeypatch)
    x = topics(2, n=600, d=8, n_topics=30, spread=0.5)
    assert order_of(facility_location(table(x), budget=300)) == naive(x, budget=300)[0]


def test_more_pairs_than_may_be_listed_are_left_to_the_bounds() -> None:
    x = topics(2, n=200, d=8, n_topics=30, spread=0.5)
    with row_blocks() as for_blocks:
        units = x / np.linalg.norm(x, axis=1, keepdims=True)
        early = EarlyPicks(units, np.zeros(200), for_blocks=for_blocks)
        early.pick()
        with pytest.raises(TooManyPairsError):
            PairPicks(early, most=1000, for_blocks=for_blocks)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("n", few_of([250, 700], 250))
def test_the_order_of_the_rows_and_the_number_of_threads_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, n: int
) -> None:
    rows = table(topics(3, n=n, d=8, n_topics=30, spread=0.5))
    expected = facility_location(rows, budget=60)
    assert facility_location(rows.take(np.random.default_rng(0).permutation(n)), budget=60).equals(
        expected
    )
    for n_threads in ("1", "2"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        assert facility_location(rows, budget=60).equals(expected)


def test_columns_pass_through_and_rows_of_zeros_gain_nothing() -> None:
    rows = table(np.array([[0.0, 0.0], [1.0, 0.0]])).append_column(
        "instruction_id", pa.array([7, 8])
    )
    answer = facility_location(rows, budget=9)
    assert answer.column_names == [
        "fingerprint",
        "instruction_id",
        "rank",
        "gain",
        "mean_similarity",
    ]
    assert answer["instruction_id"].to_pylist() == [8, 7]
    assert answer["gain"].to_pylist() == [1.0, 0.0]


def test_an_empty_relation_gives_an_empty_answer() -> None:
    assert facility_location(table(np.eye(2)).slice(0, 0), budget=3).num_rows == 0


def test_bad_arguments_and_relations_are_refused() -> None:
    with pytest.raises(OptionError, match="budget is 0"):
        facility_location(table(np.eye(2)), budget=0)
    with pytest.raises(QueryError, match="NaN"):
        facility_location(table(np.array([[np.nan], [1.0]])), budget=1)
    with pytest.raises(MemoryLimitError, match="facility_location of 2 x 2 needs"):
        facility_location(table(np.eye(2)), budget=1, memory=100)
