"""``log_det`` of texts against its first version, and against the memory that it says it needs."""

from __future__ import annotations

import importlib.util
import tracemalloc
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError
from catalog.kernels._common.log_det_tokens import working_bytes
from catalog.kernels.log_det import log_det
from tests.quick import few_of

Array = np.ndarray[Any, Any]

FILE = Path(__file__).resolve().parents[2] / "benchmarks" / "log_det_padded.py"
N, D = 90, 12


@pytest.fixture(scope="module")
def padded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("log_det_padded", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def texts(kind: str, *, n: int = N, longest: int = 20) -> list[Array]:
    generator = np.random.default_rng(3)
    drawn = [generator.normal(size=(generator.integers(0, longest), D)) for _ in range(n)]
    if kind == "duplicates":
        drawn = [drawn[row] for row in generator.integers(0, n // 5, n)]
    elif kind == "zeros":
        drawn = [text * (generator.random() < 0.3) for text in drawn]
    elif kind == "integers":
        drawn = [np.rint(text) for text in drawn]
    elif kind == "one state":
        drawn = [np.ones((len(text), D)) for text in drawn]
    return [text.astype(np.float16) for text in drawn]


def table(rows: list[Array]) -> pa.Table:
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in rows])]).astype(np.int32)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(np.concatenate(rows).ravel()), D)
    states = pa.ListArray.from_arrays(pa.array(offsets), vectors)
    return pa.table({"fingerprint": [f"{row:06}" for row in range(len(rows))], "states": states})


@pytest.mark.parametrize(
    ("kind", "normalize"),
    few_of(
        [
            *((kind, "none") for kind in ("random", "duplicates", "zeros", "integers")),
            ("one state", "none"),
            ("random", "length"),
        ],
        ("zeros", "none"),
        ("random", "length"),
    ),
)
def test_texts_are_chosen_in_the_order_of_version_1(
    padded: ModuleType, kind: str, normalize: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.kernels.log_det.SHORT", 0)
    rows = table(texts(kind))
    answer = log_det(rows, budget=N, normalize=normalize)
    before = padded.log_det_padded(rows, N, by_length=normalize == "length")
    assert [int(fingerprint) for fingerprint in answer["fingerprint"].to_pylist()] == before


@pytest.mark.parametrize("short", [0, 1_024])
def test_the_answer_is_the_same_with_1_2_and_4_threads(
    short: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.kernels.log_det.SHORT", short)
    rows = table(texts("random", longest=60))
    answers = []
    for n_threads in ("1", "2", "4"):
        monkeypatch.setenv("OMP_NUM_THREADS", n_threads)
        answers.append(log_det(rows, budget=40))
    assert answers[0].equals(answers[1])
    assert answers[0].equals(answers[2])


def test_the_memory_that_it_says_it_needs_is_what_it_takes() -> None:
    drawn = texts("random", n=500, longest=100)
    rows = table(drawn)
    lengths = [len(text) for text in drawn]
    needed = working_bytes(n=500, n_tokens=sum(lengths), longest=max(lengths), d=D)
    with pytest.raises(MemoryLimitError):
        log_det(rows, budget=4, memory=needed - 1)
    log_det(rows.slice(0, 20), budget=2)  # what is imported at the first call
    tracemalloc.start()
    log_det(rows, budget=4, memory=needed)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert needed / 4 < peak <= needed
