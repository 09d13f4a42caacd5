"""similar: against all pairs compared in float64."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels import similar as module
from catalog.kernels.similar import similar


def relation(x: np.ndarray, name: str) -> pa.Table:
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(x.reshape(-1), pa.float32()), x.shape[1])
    return pa.table({"fingerprint": [f"{name}{i:03}" for i in range(len(x))], "v": vectors})


def by_hand(x: np.ndarray, y: np.ndarray, threshold: float) -> list[tuple[str, str]]:
    lengths = np.linalg.norm(x, axis=1)[:, None] * np.linalg.norm(y, axis=1)
    cosines = np.where(lengths > 0, (x @ y.T) / np.where(lengths > 0, lengths, 1), 0)
    return [(f"r{i:03}", f"t{j:03}") for i, j in np.argwhere(np.round(cosines, 12) >= threshold)]


@pytest.mark.parametrize("seed", range(6))
def test_pairs_are_all_above_the_threshold(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(module, "ROWS", int(rng.integers(1, 30)))  # many small blocks
    monkeypatch.setattr(module, "OTHERS", int(rng.integers(1, 30)))
    x, y = (rng.integers(-2, 3, size=(n, 4)).astype(float) for n in rng.integers(1, 80, 2))
    threshold = float(rng.choice([0.5, 0.8, 1.0]))
    rows, items = relation(x, "r"), relation(y, "t")
    found = similar(rows.take(rng.permutation(len(x))), items, threshold=threshold)
    names = ("fingerprint", "test_fingerprint")
    pairs = list(zip(*(found[name].to_pylist() for name in names), strict=True))
    assert pairs == by_hand(x, y, threshold)


def test_what_cannot_be_compared_is_refused() -> None:
    rows = relation(np.ones((3, 2)), "r")
    with pytest.raises(OptionError):
        similar(rows, rows, threshold=0.0)
    with pytest.raises(QueryError):
        similar(rows, relation(np.ones((3, 5)), "t"))
    with pytest.raises(MemoryLimitError):
        similar(rows, rows, memory=1_000)
    assert similar(rows.slice(0, 0), rows).num_rows == 0
