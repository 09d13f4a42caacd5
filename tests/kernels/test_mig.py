"""mig: against the plain greedy algorithm on dense matrices."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import mig as module
from catalog.kernels.mig import mig


def relation(labels: list[list[str | None] | None], scores: list[float]) -> pa.Table:
    fingerprints = [hashlib.sha256(str(i).encode()).hexdigest() for i in range(len(labels))]
    kinds = pa.list_(pa.string())
    return pa.table(
        {
            "instruction_id": range(len(labels)),
            "fingerprint": fingerprints,
            "labels": pa.array(labels, kinds),
            "score": scores,
        }
    )


def vectors(names: list[str], x: np.ndarray) -> pa.Table:
    return pa.table({"label": names, "v": x.astype(np.float32).tolist()})


def by_hand(
    rows: pa.Table, embeddings: pa.Table, budget: int, threshold: float, power: float
) -> tuple[list[int], list[float]]:
    """Take every gain at every pick from the dense definition; ties go to the first row."""
    rows, embeddings = rows.sort_by("fingerprint"), embeddings.sort_by("label")
    x = np.array(embeddings["v"].to_pylist())
    names = embeddings["label"].to_pylist()
    lengths = np.linalg.norm(x, axis=1)
    w = np.round(x @ x.T / np.outer(lengths, lengths), 12)
    np.fill_diagonal(w, 1)
    w = np.where(w >= threshold, w, 0)
    a = w / w.sum(axis=0)
    has = np.array(
        [[name in (part or []) for name in names] for part in rows["labels"].to_pylist()],
        dtype=float,
    ).reshape(-1, len(names))
    spread = (has * rows["score"].to_numpy()[:, None]) @ a
    known = np.zeros(len(names))
    chosen: list[int] = []
    gains: list[float] = []
    step = None
    for _ in range(min(budget, rows.num_rows)):
        gain = spread @ (power * (known + 1e-6) ** (power - 1))
        if step is None:
            step = 2.0 ** (np.floor(np.log2(gain.max())) - 30) if gain.max() > 0 else 1.0
        order = np.rint(gain / step)
        order[chosen] = -1
        best = int(order.argmax())
        chosen.append(best)
        gains.append(gain[best])
        known += spread[best]
    return np.array(rows["instruction_id"].to_pylist())[chosen].tolist(), gains


@pytest.mark.parametrize("seed", range(25))
def test_picks_equal_the_plain_greedy_algorithm(monkeypatch, seed):
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(module, "FRONT", int(rng.integers(1, 30)))
    n, n_labels = int(rng.integers(1, 120)), int(rng.integers(1, 25))
    names = [f"l{i:02d}" for i in rng.permutation(n_labels)]
    x = (
        rng.normal(size=(6, 5))[rng.integers(6, size=n_labels)]
        + rng.normal(size=(n_labels, 5)) * 0.3
    )
    labels = [
        rng.choice(names, rng.integers(0, 6)).tolist() if rng.random() < 0.95 else None
        for _ in range(n)
    ]
    scores = (
        rng.integers(0, 4, n).astype(float) if seed % 2 else rng.random(n) * 10
    )  # ties, or none
    rows, embeddings = relation(labels, scores.tolist()), vectors(names, x)
    budget, threshold, power = (
        int(rng.integers(1, n + 5)),
        float(rng.choice([0.5, 0.9, 1.0])),
        float(rng.choice([0.3, 0.8, 1.0])),
    )
    answer = mig(rows, embeddings, budget=budget, threshold=threshold, power=power)
    chosen, gains = by_hand(rows, embeddings, budget, threshold, power)
    assert answer["instruction_id"].to_pylist() == chosen
    np.testing.assert_allclose(answer["gain"].to_numpy(), gains, rtol=1e-9, atol=1e-12)
    assert answer["rank"].to_pylist() == list(range(1, len(chosen) + 1))


def test_neither_the_order_of_rows_nor_that_of_labels_changes_the_answer():
    rng = np.random.default_rng(0)
    names = [f"l{i}" for i in range(300)]
    rows = relation(
        [rng.choice(names, 4).tolist() for _ in range(4_000)],
        rng.integers(1, 6, 4_000).astype(float).tolist(),
    )
    embeddings = vectors(names, rng.normal(size=(300, 3)))
    expected = mig(rows, embeddings, budget=500)
    assert mig(
        rows.take(rng.permutation(4_000)), embeddings.take(rng.permutation(300)), budget=500
    ).equals(expected)


def test_a_second_row_of_the_same_labels_waits_for_other_labels():
    rows = relation([["a"], ["a"], ["b"], ["c", "c"]], [9.0, 8.0, 1.0, 1.0])
    answer = mig(rows, vectors(["a", "b", "c"], np.eye(3)), budget=4)
    assert answer["instruction_id"].to_pylist()[0] == 0
    assert answer["instruction_id"].to_pylist()[3] == 1


def test_rows_without_labels_come_last_with_a_gain_of_nothing():
    answer = mig(
        relation([[None], ["a", None], None], [9.0, 1.0, 9.0]), vectors(["a"], np.eye(1)), budget=3
    )
    assert answer["instruction_id"].to_pylist()[0] == 1
    assert answer["gain"].to_pylist()[1:] == [0.0, 0.0]


def test_no_rows_give_no_choice():
    answer = mig(
        relation([], []).cast(relation([["a"]], [1.0]).schema), vectors(["a"], np.eye(1)), budget=3
    )
    assert answer.num_rows == 0
    assert answer.column_names[-2:] == ["rank", "gain"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"budget": 0}, "budget => 0 must be 1 or more"),
        ({"budget": 1, "threshold": 0.0}, "threshold => 0.0"),
        ({"budget": 1, "power": 1.5}, "power => 1.5 must be above 0 and at most 1"),
    ],
)
def test_arguments_out_of_range_are_named(arguments, message):
    with pytest.raises(OptionError, match=message):
        mig(relation([["a"]], [1.0]), vectors(["a"], np.eye(1)), **arguments)


def test_what_makes_no_graph_is_refused():
    rows, embeddings = relation([["a"], ["b"]], [1.0, 2.0]), vectors(["a", "b"], np.eye(2))
    with pytest.raises(QueryError, match="1 labels have no embedding, among them 'b'"):
        mig(rows, embeddings.slice(0, 1), budget=1)
    with pytest.raises(QueryError, match="the label 'a' has more than one embedding"):
        mig(rows, vectors(["a", "a", "b"], np.eye(3)), budget=1)
    with pytest.raises(QueryError, match="column label"):
        mig(rows, embeddings.rename_columns(["name", "v"]), budget=1)
    with pytest.raises(QueryError, match="no column depth"):
        mig(rows, embeddings, budget=1, score="depth")
    with pytest.raises(QueryError, match="fingerprint is string; a score is a number"):
        mig(rows, embeddings, budget=1, score="fingerprint")
    with pytest.raises(QueryError, match="no column tags"):
        mig(rows, embeddings, budget=1, labels="tags")
    with pytest.raises(QueryError, match="instruction_id holds no lists of text"):
        mig(rows, embeddings, budget=1, labels="instruction_id")
    for bad in (-1.0, None, float("nan"), float("inf")):
        with pytest.raises(
            QueryError, match="1 of 2 rows have a score that is NULL, negative or not finite"
        ):
            mig(relation([["a"], ["b"]], [1.0, bad]), embeddings, budget=1)
    with pytest.raises(MemoryLimitError, match="mig with 2 labels needs"):
        mig(rows, embeddings, budget=1, memory=2**20)
