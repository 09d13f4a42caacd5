"""IVF index over a large embedding: built when first needed, used if its recall is 0.95."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.shard_runner import exclusively
from catalog.errors import LockedError
from catalog.signals.registry import Signal
from catalog.store import vectors
from catalog.store.queries import query
from catalog.store.store import Store

RECALL = 0.95  # at 10; what an index must reach to be used
K = 10
QUERIES = 100
SEED = 0
STALE = 0.2  # the share of rows behind the index from which it is built again
Vectors = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Index:
    """Index whose recall was measured.

    Attributes:
        n_rows: rows of the table when it was built.
        partitions: cells of the index.
        probes: cells that a search looks into: as many as the recall took.
        recall: share of the exact 10 nearest that it found, over ``n_queries`` random members,
            each without itself.
        n_queries: of the measurement.
    """

    n_rows: int
    partitions: int
    probes: int
    recall: float
    n_queries: int

    def nearest(self, store: Store, signal: Signal, wanted: Vectors, *, k: int) -> pa.Table:
        """Return ``instruction_id`` and ``shard`` of the rows nearest to a vector (d,)."""
        return _nearest(store, signal, wanted, k=k, probes=self.probes)


def current_index(store: Store, signal: Signal) -> tuple[Index | None, int]:
    """Return the index of an embedding, None if missing or stale, and the table's rows."""
    if not signal.lance_table or not vectors.exists(store, signal.lance_table):
        return None, 0
    dataset = vectors.dataset(store, signal.lance_table)
    with vectors.reporting_damage(store, signal.lance_table):
        n_rows, is_indexed = int(dataset.count_rows()), bool(dataset.describe_indices())
    known = signal.details.get("index")
    if (
        not known
        or not is_indexed
        or not known["n_rows"] * (1 - STALE) <= n_rows <= known["n_rows"] * (1 + STALE)
    ):
        return None, n_rows
    return Index(**known), n_rows


def ensure_index(
    store: Store,
    signal: Signal,
) -> Index | None:
    """Return the index, built and measured if there is none or it is stale.

    None if its recall is too low, or if another process computes the embedding.

    Its building holds no lock but the signal's own.
    """
    found, n_rows = current_index(store, signal)
    if found is None and n_rows:
        try:
            with exclusively(store, signal):
                found = _build(store, signal, n_rows)
        except LockedError:
            return None
        with store.writing() as connection:
            connection.execute(
                query("search/set_index"),
                {"signal_id": signal.signal_id, "index": vars_json(found)},
            )
    return found if found and found.recall >= RECALL else None


def vars_json(index: Index) -> str:
    """Return an index as the JSON that a signal's details keep.

    >>> vars_json(Index(1, 2, 3, 1.0, 4))
    '{"index": {"n_rows": 1, "partitions": 2, "probes": 3, "recall": 1.0, "n_queries": 4}}'
    """
    import json
    from dataclasses import asdict

    return json.dumps({"index": asdict(index)})


def _build(store: Store, signal: Signal, n_rows: int) -> Index:
    assert signal.lance_table is not None  # it has rows
    partitions = max(1, round(np.sqrt(n_rows) / 2))
    dataset = vectors.dataset(store, signal.lance_table)
    with vectors.reporting_damage(store, signal.lance_table):
        dataset.create_index(
            "vector",
            index_type="IVF_FLAT",
            metric="cosine",
            num_partitions=partitions,
            replace=True,
        )
    sample = _sample(store, signal, n_rows)
    truth = [_ids(_nearest(store, signal, row, k=K + 1, probes=None)) for row in sample]
    probes = 4
    while True:
        probes = min(probes, partitions)
        found = [_ids(_nearest(store, signal, row, k=K + 1, probes=probes)) for row in sample]
        recall = float(np.mean([_share(a, b) for a, b in zip(truth, found, strict=True)]))
        if recall >= RECALL + 0.02 or probes == partitions:  # a margin, since a sample says so
            return Index(n_rows, partitions, probes, round(recall, 4), len(sample))
        probes *= 2


def _share(truth: list[int], found: list[int]) -> float:
    """Recall at 10; the first of the exact ones is the query itself, and is left out."""
    wanted = set(truth[1:])
    return len(wanted & set(found)) / len(wanted) if wanted else 1.0


def _sample(store: Store, signal: Signal, n_rows: int) -> Vectors:
    assert signal.lance_table is not None
    positions = np.sort(
        np.random.default_rng(SEED).choice(n_rows, size=min(QUERIES, n_rows), replace=False)
    )
    with vectors.reporting_damage(store, signal.lance_table):
        rows = vectors.dataset(store, signal.lance_table).take(
            positions.tolist(), columns=["vector"]
        )
    flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(len(positions), -1)  # (q, d)


def _nearest(
    store: Store, signal: Signal, wanted: Vectors, *, k: int, probes: int | None
) -> pa.Table:
    """Return the nearest rows, nearest first: by the index, or exactly if ``probes`` is None."""
    assert signal.lance_table is not None
    how: dict[str, Any] = {"column": "vector", "q": wanted, "k": k, "metric": "cosine"}
    how |= (
        {"use_index": False}
        if probes is None
        else {"minimum_nprobes": probes, "maximum_nprobes": probes}
    )
    dataset = vectors.dataset(store, signal.lance_table)
    with vectors.reporting_damage(store, signal.lance_table):
        found: pa.Table = dataset.to_table(
            columns=["instruction_id", "shard", "_distance"], nearest=how
        )
    return found


def _ids(rows: pa.Table) -> list[int]:
    return [int(i) for i in rows["instruction_id"].to_pylist()]
