"""The log-determinant greedy against a greedy that evaluates every row at every pick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels._common import log_det_vectors
from catalog.kernels._common.lazy_greedy import grid
from catalog.kernels._common.log_det_tangents import tangent_bytes
from catalog.kernels._common.log_det_tokens import working_bytes
from catalog.kernels.log_det import log_det
from tests.quick import examples, few_of

Array = np.ndarray[Any, Any]


def naive(
    texts: list[Array], *, budget: int, regularization: float = 1.0, by_length: bool = False
) -> tuple[list[int], list[float]]:
    """Take every gain at every pick from the definition; ties on the grid go to the lowest row."""
    x = [
        text.astype(np.float64) / (np.sqrt(max(len(text), 1)) if by_length else 1) for text in texts
    ]
    v = np.eye(x[0].shape[1]) * regularization
    order: list[int] = []
    won: list[float] = []
    step = 0.0
    for _ in range(min(budget, len(x))):
        before = np.linalg.slogdet(v)[1]
        gains = np.array([np.linalg.slogdet(v + text.T @ text)[1] - before for text in x])
        step = step or grid(gains.max())
        rounded = np.rint(np.maximum(gains, 0) / step)
        rounded[order] = -1
        best = int(rounded.argmax())
        order.append(best)
        won.append(gains[best])
        v += x[best].T @ x[best]
    return order, won


def table_of_vectors(x: Array) -> pa.Table:
    return pa.table(
        {
            "fingerprint": [f"{row:06}" for row in range(len(x))],
            "vector": pa.array(list(x.astype(np.float32))),
        }
    )


def table_of_texts(texts: list[Array], *, d: int) -> pa.Table:
    flat = np.concatenate([text.reshape(-1) for text in texts]) if texts else np.empty(0)
    numbers = pa.array(flat.astype(texts[0].dtype))
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in texts])]).astype(np.int32)
    states = pa.ListArray.from_arrays(
        pa.array(offsets), pa.FixedSizeListArray.from_arrays(numbers, d)
    )
    return pa.table({"fingerprint": [f"{row:06}" for row in range(len(texts))], "states": states})


def order_of(answer: pa.Table) -> list[int]:
    return [int(fingerprint) for fingerprint in answer["fingerprint"].to_pylist()]


def random_texts(
    seed: int, *, n: int, d: int, longest: int, shortest: int = 0, dtype: Any = np.float16
) -> list[Array]:
    generator = np.random.default_rng(seed)
    return [
        generator.normal(size=(generator.integers(shortest, longest + 1), d)).astype(dtype)
        for _ in range(n)
    ]


@settings(max_examples=examples(60))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 40),
    d=st.integers(1, 9),
    budget=st.integers(1, 45),
    regularization=st.sampled_from([1e-3, 1.0, 50.0]),
    kind=st.sampled_from(["normal", "unit", "few values", "duplicates"]),
)
def test_vectors_are_chosen_in_naive_order_ties_included(
    seed: int, n: int, d: int, budget: int, regularization: float, kind: str
) -> None:
    x = np.random.default_rng(seed).normal(size=(n, d))
    if kind == "unit":
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    elif kind == "few values":
        x = np.rint(x)
    elif kind == "duplicates":
        x = x[np.random.default_rng(seed).integers(0, n, n)]
    x = x.astype(np.float32)
    order, gains = naive(list(x[:, None, :]), budget=budget, regularization=regularization)
    answer = log_det(table_of_vectors(x), budget=budget, regularization=regularization)
    assert order_of(answer) == order
    np.testing.assert_allclose(answer["gain"].to_numpy(), gains, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        answer["information"].to_numpy(), np.cumsum(gains), rtol=1e-7, atol=1e-9
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the peer's own imports
@pytest.mark.parametrize("seed", range(5))
def test_one_token_each_is_chosen_as_submodlib_chooses_from_the_kernel(seed: int) -> None:
    submodlib = pytest.importorskip("submodlib")
    x = np.random.default_rng(seed).normal(size=(60, 7)).astype(np.float32)
    kernel = x.astype(np.float64) @ x.T.astype(np.float64)
    theirs = submodlib.LogDeterminantFunction(
        n=60, mode="dense", lambdaVal=1, sijs=kernel
    ).maximize(budget=25, show_progress=False)
    answer = log_det(table_of_texts(list(x[:, None, :]), d=7), budget=25)
    assert order_of(answer) == [row for row, _ in theirs]
    np.testing.assert_allclose(answer["gain"].to_numpy(), [gain for _, gain in theirs], atol=1e-6)


@pytest.mark.slow
def test_many_more_vectors_than_the_front_holds_are_chosen_in_naive_order() -> None:
    x = np.random.default_rng(3).normal(size=(3000, 8)).astype(np.float32)
    order, _ = naive(list(x[:, None, :]), budget=60)
    assert order_of(log_det(table_of_vectors(x), budget=60)) == order


def test_rows_catch_up_with_many_picks_in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(3).normal(size=(600, 5)).astype(np.float32)
    at_once = log_det(table_of_vectors(x), budget=90)
    monkeypatch.setattr(log_det_vectors, "_N_STEPS", 4)
    assert order_of(log_det(table_of_vectors(x), budget=90)) == order_of(at_once)


def test_choosing_more_vectors_than_the_inverse_is_updated_for_keeps_the_gains_true() -> None:
    x = np.random.default_rng(4).normal(size=(1500, 12)).astype(np.float32)
    chosen = order_of(answer := log_det(table_of_vectors(x), budget=1200, regularization=0.01))
    x = x[chosen].astype(np.float64)
    expected = [
        np.linalg.slogdet(np.eye(12) * 0.01 + x[:k].T @ x[:k])[1] - 12 * np.log(0.01)
        for k in (1, 257, 600, 1200)
    ]
    np.testing.assert_allclose(
        answer["information"].to_numpy()[[0, 256, 599, 1199]], expected, rtol=1e-10
    )


@settings(max_examples=examples(60))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 40),
    d=st.integers(1, 6),
    longest=st.integers(1, 12),
    budget=st.integers(1, 45),
    dtype=st.sampled_from([np.float16, np.float32]),
    normalize=st.sampled_from(["none", "length"]),
    duplicates=st.booleans(),
)
def test_texts_are_chosen_in_naive_order_ties_included(
    seed: int,
    n: int,
    d: int,
    longest: int,
    budget: int,
    dtype: Any,
    normalize: Any,
    duplicates: bool,
) -> None:
    texts = random_texts(seed, n=n, d=d, longest=longest, dtype=dtype)
    if duplicates:
        texts = [texts[row] for row in np.random.default_rng(seed).integers(0, n, n)]
    if not sum(len(text) for text in texts):
        texts[0] = np.ones((1, d), dtype=dtype)
    order, gains = naive(texts, budget=budget, by_length=normalize == "length")
    answer = log_det(table_of_texts(texts, d=d), budget=budget, normalize=normalize)
    assert order_of(answer) == order
    np.testing.assert_allclose(answer["gain"].to_numpy(), gains, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    ("n", "n_tangents"),
    few_of([(120, 1), (120, 40), (120, 120), (400, 1), (400, 40), (400, 400)], (120, 1), (120, 40)),
)
def test_texts_are_chosen_in_naive_order_however_few_tangents_are_kept(
    n: int, n_tangents: int
) -> None:
    texts = random_texts(7, n=n, d=16, longest=30)
    order, _ = naive(texts, budget=60)
    lengths = [len(text) for text in texts]
    needed = working_bytes(n=n, n_tokens=sum(lengths), longest=max(lengths), d=16)
    needed += (n_tangents - 1) * tangent_bytes(16)
    assert order_of(log_det(table_of_texts(texts, d=16), budget=60, memory=needed)) == order


def test_a_text_of_one_token_is_a_vector() -> None:
    x = np.random.default_rng(1).normal(size=(300, 6)).astype(np.float32)
    of_vectors = log_det(table_of_vectors(x), budget=40)
    of_texts = log_det(table_of_texts(list(x[:, None, :]), d=6), budget=40)
    assert order_of(of_vectors) == order_of(of_texts)
    np.testing.assert_allclose(
        of_vectors["gain"].to_numpy(), of_texts["gain"].to_numpy(), rtol=1e-9
    )


@pytest.mark.parametrize("optimizer", ["exact", "stochastic"])
def test_the_order_of_the_rows_and_the_chunks_of_the_table_do_not_matter(optimizer: Any) -> None:
    texts = random_texts(5, n=120, d=5, longest=9)
    rows = table_of_texts(texts, d=5)
    shuffled = rows.take(np.random.default_rng(0).permutation(120))
    chunked = pa.concat_tables([shuffled.slice(0, 50), shuffled.slice(50)])
    expected = log_det(rows, budget=30, optimizer=optimizer)
    assert log_det(shuffled, budget=30, optimizer=optimizer).equals(expected)
    assert log_det(chunked, budget=30, optimizer=optimizer).equals(expected)


@pytest.mark.parametrize("n_threads", ["1", "2"])
def test_the_number_of_threads_does_not_matter(
    n_threads: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = random_texts(6, n=500, d=12, longest=40)
    expected = log_det(table_of_texts(texts, d=12), budget=50)
    monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
    assert log_det(table_of_texts(texts, d=12), budget=50).equals(expected)


def test_stochastic_is_nearly_as_good_and_repeats_by_seed() -> None:
    x = table_of_vectors(np.random.default_rng(2).normal(size=(2000, 16)))
    exact = log_det(x, budget=100)["information"].to_pylist()[-1]
    answers = [log_det(x, budget=100, optimizer="stochastic", seed=seed) for seed in (1, 1, 2)]
    assert answers[0].equals(answers[1])
    assert not answers[0].equals(answers[2])
    assert all(0.9 * exact < answer["information"].to_pylist()[-1] <= exact for answer in answers)


def test_stochastic_over_every_row_is_exact() -> None:
    texts = random_texts(8, n=40, d=4, longest=6, shortest=1)
    of_all = log_det(table_of_texts(texts, d=4), budget=12, optimizer="stochastic", epsilon=1e-9)
    assert order_of(of_all) == naive(texts, budget=12)[0]


def test_other_columns_pass_through_and_the_vectors_do_not() -> None:
    rows = table_of_vectors(np.eye(3)).append_column("instruction_id", pa.array([7, 8, 9]))
    answer = log_det(rows, budget=9)
    assert answer.column_names == ["fingerprint", "instruction_id", "rank", "gain", "information"]
    assert answer["instruction_id"].to_pylist() == [7, 8, 9]
    assert answer["rank"].to_pylist() == [1, 2, 3]


def test_an_empty_relation_gives_an_empty_answer() -> None:
    assert log_det(table_of_vectors(np.eye(3)).slice(0, 0), budget=2).num_rows == 0
    assert log_det(table_of_texts([np.eye(2)], d=2).slice(0, 0), budget=2).num_rows == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget is 0"),
        ({"budget": 1, "regularization": 0.0}, "regularization is 0.0"),
        ({"budget": 1, "normalize": "yes"}, "'none' or 'length'"),
        ({"budget": 1, "optimizer": "fast"}, "'stochastic' or 'two_round'"),
        ({"budget": 1, "optimizer": "two_round", "parts": 0}, "parts is 0"),
        ({"budget": 1, "epsilon": 1.0}, "epsilon is 1.0"),
    ],
)
def test_bad_arguments_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        log_det(table_of_vectors(np.eye(2)), **arguments)


def test_bad_relations_are_refused() -> None:
    with pytest.raises(QueryError, match="exactly one column of vectors"):
        log_det(pa.table({"n": [1]}), budget=1)
    with pytest.raises(QueryError, match="NaN"):
        log_det(table_of_vectors(np.array([[np.nan, 1.0]])), budget=1)
    with pytest.raises(QueryError, match="NaN"):
        log_det(table_of_texts([np.array([[np.inf, 1.0]])], d=2), budget=1)
    with pytest.raises(QueryError, match="1 of 2 rows have no states"):
        log_det(pa.table({"states": [[[1.0]], None]}), budget=1)
    with pytest.raises(QueryError, match="differ in length"):
        log_det(pa.table({"states": [[[1.0]], [[1.0, 2.0]]]}), budget=1)


def test_too_little_memory_is_refused_with_a_figure() -> None:
    with pytest.raises(MemoryLimitError, match="log_det of 2 x 2 needs"):
        log_det(table_of_vectors(np.eye(2)), budget=1, memory=1000)
    with pytest.raises(MemoryLimitError, match="log_det of 1 texts of width 2 needs"):
        log_det(table_of_texts([np.eye(2)], d=2), budget=1, memory=1000)


@pytest.mark.parametrize("table", [table_of_vectors, lambda x: table_of_texts([x, x[:1]], d=2)])
def test_numbers_beyond_its_precision_are_refused_with_the_regularization_that_helps(
    table: Any,
) -> None:
    rows = table(np.array([[3e6, 0.0], [0.0, 1.0]], dtype=np.float32))
    with pytest.raises(OptionError, match=r"9e\+12.*regularization => 9"):
        log_det(rows, budget=1)
    assert log_det(rows, budget=1, regularization=10.0).num_rows == 1
