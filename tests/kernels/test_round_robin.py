"""round_robin: against turns over the whole matrix of similarities."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import round_robin as module
from catalog.kernels.round_robin import round_robin


def relation(x: np.ndarray, prefix: str, draw: np.random.Generator) -> pa.Table:
    """Return rows with vectors, in no order of their fingerprints."""
    names = [f"{prefix}{place:04}" for place in draw.permutation(len(x))]
    return pa.table({"fingerprint": names, "v": pa.array(list(x.astype(np.float32)))})


def by_hand(rows: pa.Table, targets: pa.Table, budget: int) -> list[tuple[str, str, float]]:
    rows, targets = rows.sort_by("fingerprint"), targets.sort_by("fingerprint")
    x, y = (np.array(side["v"].to_pylist(), dtype=np.float64) for side in (rows, targets))
    x, y = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (x, y))
    near = np.round(y @ x.T, 12)
    names, others = rows["fingerprint"].to_pylist(), targets["fingerprint"].to_pylist()
    answer = []
    for turn in range(min(budget, len(x))):
        target = turn % len(y)
        row = int(near[target].argmax())
        answer.append((names[row], others[target], near[target, row]))
        near[:, row] = -np.inf
    return answer


@pytest.mark.parametrize("seed", range(12))
def test_targets_take_turns_as_over_the_whole_matrix(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    draw = np.random.default_rng(seed)
    monkeypatch.setattr(module, "SPARE", int(draw.integers(1, 9)))  # lists run out
    monkeypatch.setattr(module, "PAIRS", int(draw.integers(1, 200)))
    x = draw.normal(size=(int(draw.integers(5, 90)), 6))
    x[: len(x) // 3] = x[-1]  # ties
    y = draw.normal(size=(int(draw.integers(1, 12)), 6))
    y[: len(y) // 2] = y[0]  # targets that want the same rows
    rows, targets = relation(x, "p", draw), relation(y, "t", draw)
    budget = int(draw.integers(1, 100))
    answer = round_robin(rows, targets, budget=budget)
    expected = by_hand(rows, targets, budget)
    assert answer["fingerprint"].to_pylist() == [name for name, _, _ in expected]
    assert answer["target"].to_pylist() == [name for _, name, _ in expected]
    np.testing.assert_allclose(answer["similarity"], [near for *_, near in expected], atol=2e-12)
    assert answer["rank"].to_pylist() == list(range(1, len(expected) + 1))


def test_what_cannot_be_compared_is_refused() -> None:
    draw = np.random.default_rng(0)
    rows, targets = (
        relation(draw.normal(size=(9, 3)), "p", draw),
        relation(np.ones((2, 4)), "t", draw),
    )
    with pytest.raises(QueryError, match="3 numbers and the targets' 4"):
        round_robin(rows, targets, budget=2)
    with pytest.raises(QueryError, match="no target"):
        round_robin(rows, rows.slice(0, 0), budget=2)
    with pytest.raises(QueryError, match="fingerprint"):
        round_robin(rows, rows.drop_columns(["fingerprint"]), budget=2)
    with pytest.raises(OptionError, match="budget"):
        round_robin(rows, rows, budget=0)
    with pytest.raises(MemoryLimitError, match="2 targets"):
        round_robin(rows, rows.slice(0, 2), budget=2, memory=1)
