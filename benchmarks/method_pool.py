"""A pool of planted texts, vectors, scores and losses, for ``methods.py``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pairs import topics

from catalog import Catalog
from catalog.compute.shard_runner import compute
from catalog.compute.shard_writer import Values
from catalog.signals.registry import ensure_signal

N_ROWS, SHARE, D, N_TARGET = 50_000, 0.1, 384, 200
WORDS = [f"word{place}" for place in range(4_000)]
SCORES = ("quality", "review", "rating", "correctness", "response_loss", "davir")
SETTINGS: dict[str, dict[str, Any]] = {
    "alpagasus": {"score": "quality", "threshold": 2.5},
    "car": {"score": "quality"},
    "cherry_warm_up": {"each": 50},
    "davir": {},
    "dedup": {},
    "dedup_best": {"score": "quality"},
    "diverse_evol": {},
    "ds2": {"score": "rating", "lowest": 0, "highest": 5},
    "dsir": {"target": "target"},
    "grape": {},
    "isa": {},
    "less": {"target": "target"},
    "limr": {"threshold": -9, "values": "rewards"},
    "mods": {"quality": "quality", "review": "review", "threshold": 1, "necessary": 2},
    "qdit": {"score": "quality"},
    "rds": {"target": "target"},
    "semdedup": {},
    "sensitivity": {},
    "slearnllm": {"score": "correctness"},
    "sparft": {"k": 100},
    "tsds": {"target": "target"},
}


def filled(folder: Path, n_rows: int) -> None:
    """Register the pool and a target of 200, and keep what the peers read as files."""
    draw = np.random.default_rng(0)
    counts = draw.integers(20, 120, n_rows + N_TARGET)
    texts = [" ".join(draw.choice(WORDS, count)) for count in counts.tolist()]
    records = [
        {"instruction": f"{text[: len(text) // 3]} {place // 2}", "output": text[len(text) // 3 :]}
        for place, text in enumerate(texts)
    ]
    catalog = Catalog.open(folder / "home", isolated=False)
    for pool, rows in (("pool", records[:n_rows]), ("target", records[n_rows:])):
        file = folder / f"{pool}.jsonl"
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        purpose = "train" if pool == "pool" else "eval"
        catalog.register(file, pool=pool, purpose=purpose)
    vectors = topics(n_rows + N_TARGET, D, 1_000)
    copied = draw.permutation(n_rows)[: n_rows // 10]
    vectors[copied] = vectors[draw.integers(0, n_rows, len(copied))]
    identity = {"field": "prompt"}
    by_pool = {"pool": vectors[:n_rows], "target": vectors[n_rows:]}
    for pool, optimizer in (("pool", "adam"), ("target", "sgd")):
        _write_vectors(catalog, pool, by_pool[pool], kind="embedding", identity=identity)
        identity_of_gradients = {"optimizer": optimizer}
        _write_vectors(
            catalog, pool, by_pool[pool], kind="gradients", identity=identity_of_gradients
        )
    columns = {name: np.round(6 * draw.random(n_rows), 2) for name in SCORES}
    columns["rating"] = np.floor(columns["rating"])
    columns["correctness"] = (columns["correctness"] > 3).astype(float)
    losses = draw.random((n_rows, 12), dtype=np.float32)
    _import(catalog, folder, columns, losses)
    np.savez(folder / "arrays.npz", vectors=vectors, losses=losses, **columns)


def _import(
    catalog: Catalog, folder: Path, columns: dict[str, Any], losses: np.ndarray[Any, Any]
) -> None:
    names = catalog.sql("SELECT fingerprint FROM pool('pool') ORDER BY row_number")
    table = {"fingerprint": names["fingerprint"].to_list(), **columns, "losses": list(losses)}
    pq.write_table(pa.table(table), folder / "table.parquet")
    for name in SCORES:
        catalog.import_scores("pool", folder / "table.parquet", name=name, key="fingerprint")
    catalog.import_losses("pool", folder / "table.parquet", proxy="mine", key="fingerprint")


def _write_vectors(
    catalog: Catalog,
    pool: str,
    vectors: np.ndarray[Any, Any],
    *,
    kind: Literal["embedding", "gradients"],
    identity: dict[str, str],
) -> None:
    """Write given vectors through the shard runner, as every embedding is."""
    with catalog.store.writing() as connection:
        signal = ensure_signal(
            connection,
            kind=kind,
            name="planted",
            identity=identity,
            dimension=D,
            has_vectors=True,
        )
    ids = catalog.sql(f"SELECT instruction_id FROM pool('{pool}') ORDER BY row_number")
    place = {id_: row for row, id_ in enumerate(ids["instruction_id"].to_list())}

    def values(texts: pa.Table) -> Values:
        chosen = vectors[[place[id_] for id_ in texts["instruction_id"].to_pylist()]]
        column = pa.FixedSizeListArray.from_arrays(pa.array(chosen.reshape(-1)), D)
        return Values(pa.table({"instruction_id": texts["instruction_id"], "vector": column}))

    compute(catalog.store, catalog.find(pool), signal, values)
