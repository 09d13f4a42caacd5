"""A catalog with something of every kind, made once and copied for each test."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from catalog import Catalog
from catalog.compute.shard_writer import Values, commit_shard
from catalog.signals.registry import ensure_signal

N, D = 30, 16


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty instructions in a pool, with vectors in two shards, scores, losses and a subset."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "p.jsonl").write_text(
        "".join(f'{{"instruction": "question {i}", "output": "answer {i}"}}\n' for i in range(N))
    )
    np.save(folder / "losses.npy", np.arange(N * 3, dtype=np.float32).reshape(N, 3))
    np.save(folder / "scores.npy", np.arange(N, dtype=np.float64))
    catalog = Catalog.open(folder / "home", isolated=False)
    catalog.register(folder / "p.jsonl", pool="p")
    catalog.import_scores("p", folder / "scores.npy", name="s")
    catalog.import_losses("p", folder / "losses.npy", proxy="l")
    with catalog.store.writing() as connection:
        embedding = ensure_signal(
            connection,
            kind="embedding",
            name="e",
            identity={"model": "e"},
            dimension=D,
            has_vectors=True,
        )
    numbers = np.random.default_rng(0).standard_normal(N * D).astype(np.float32)
    for first in (0, N // 2):
        ids = np.arange(first, first + N // 2)
        vectors = pa.FixedSizeListArray.from_arrays(
            pa.array(numbers[first * D : (first + N // 2) * D]), D
        )
        commit_shard(
            catalog.store,
            embedding,
            Values(pa.table({"instruction_id": ids + 1, "vector": vectors})),
            seconds=0.0,
        )
    catalog.select("random", "p", budget=5, name="drawn")
    assert catalog.doctor(full=True) == []
    return folder / "home"


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Callable[[], Catalog]:
    """Copies the catalog."""

    def copied() -> Catalog:
        home = tmp_path / "home"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(made, home)
        return Catalog.open(home, wait=10, isolated=False)

    return copied
