"""influence: against loops over rows, subtasks and examples."""

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, QueryError
from catalog.kernels import influence as module
from catalog.kernels.influence import influence


def relation(x: np.ndarray, prefix: str, draw: np.random.Generator) -> pa.Table:
    """Return rows with vectors, in no order of their fingerprints."""
    names = [f"{prefix}{place:04}" for place in draw.permutation(len(x))]
    return pa.table({"fingerprint": names, "v": pa.array(list(x.astype(np.float32)))})


@pytest.mark.parametrize("seed", range(8))
def test_influence_is_the_largest_mean_over_a_subtask(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(seed)
    monkeypatch.setattr(module, "BLOCK", int(draw.integers(1, 9)))
    d = int(draw.integers(1, 9))
    rows = relation(draw.normal(size=(20, d)), "p", draw)
    targets = relation(draw.normal(size=(int(draw.integers(1, 12)), d)), "t", draw)
    subtasks = [str(draw.integers(0, 3)) for _ in range(targets.num_rows)]
    targets = targets.append_column("subtask", [subtasks])
    answer = {row["fingerprint"]: row for row in influence(rows, targets).to_pylist()}
    for row in rows.to_pylist():
        means = {
            name: np.mean(
                [
                    np.dot(row["v"], other["v"])
                    for other in targets.to_pylist()
                    if other["subtask"] == name
                ]
            )
            for name in sorted(set(subtasks))
        }
        found = answer[row["fingerprint"]]
        assert found["influence"] == pytest.approx(max(means.values()), abs=1e-9)
        assert found["subtask"] == max(means, key=lambda name: means[name])


def test_targets_without_subtasks_are_one() -> None:
    draw = np.random.default_rng(0)
    rows, targets = (relation(draw.normal(size=(n, 3)), "r", draw) for n in (4, 2))
    y = np.array(targets["v"].to_pylist())
    answer = influence(rows, targets)
    assert set(answer["subtask"].to_pylist()) == {""}
    x = np.array(rows.sort_by("fingerprint")["v"].to_pylist())
    np.testing.assert_allclose(answer["influence"], x @ y.mean(axis=0), atol=1e-9)


def test_what_cannot_be_compared_is_refused() -> None:
    draw = np.random.default_rng(0)
    rows, targets = relation(np.ones((9, 3)), "p", draw), relation(np.ones((2, 4)), "t", draw)
    with pytest.raises(QueryError, match="3 numbers"):
        influence(rows, targets)
    with pytest.raises(QueryError, match="no gradients"):
        influence(rows, targets.slice(0, 0))
    with pytest.raises(MemoryLimitError):
        influence(rows, relation(np.ones((2, 3)), "t", draw), memory=10)
