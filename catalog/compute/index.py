"""Vector index over an embedding: built on request, used if its recall is 0.95."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from catalog.compute.shard_runner import exclusively
from catalog.compute.similarity import (
    Ids,
    Vectors,
    complete_embedding,
    exact_nearest,
    recorded_members,
    unit_vectors,
)
from catalog.notebook import NotebookResult
from catalog.query.checked_vectors import naming_damage
from catalog.signals.kind_options import ENCODER
from catalog.signals.registry import Signal
from catalog.store import vectors
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store
from catalog.store.vector_search import create_vector_index, nearest_rows

RECALL = 0.95  # at 10; what an index must reach to be used
K = 10
QUERIES = 100
SEED = 0
STALE = 0.2  # the share of rows behind the index from which it is built again


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

    @property
    def is_used(self) -> bool:
        """Return whether a search reads it: its recall is high enough."""
        return self.recall >= RECALL

    def nearest(self, store: Store, signal: Signal, wanted: Vectors, *, k: int) -> pa.Table:
        """Return ``instruction_id``, ``shard`` and ``vector`` of the rows nearest to one (d,)."""
        return _nearest(store, signal, wanted, k=k, probes=self.probes)


@dataclass(frozen=True)
class IndexReport(NotebookResult):
    """Index that was built, or was there already.

    Attributes:
        name: of the signal: the encoder.
        index: its measurement.
        is_new: whether this call built it.
    """

    name: str
    index: Index
    is_new: bool


def index_embedding(store: Store, reference: Reference, *, encoder: str = ENCODER) -> IndexReport:
    """Index the embedding of a pool's members, unless there is an index that covers them.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        encoder: the encoder that embedded them.

    Raises:
        SignalError: some members have no embedding.
        LockedError: another process computes the embedding.
    """
    signal = complete_embedding(store, reference, encoder)
    with naming_damage("embedding", reference, encoder):
        known, _ = current_index(store, signal)
        index = known or build_index(store, signal)
    return IndexReport(signal.name, index, known is None)


def current_index(store: Store, signal: Signal) -> tuple[Index | None, int]:
    """Return the index of an embedding, None if missing or stale, and the table's rows."""
    if not signal.lance_table or not vectors.exists(store, signal.lance_table):
        return None, 0
    dataset = vectors.dataset(store, signal.lance_table)
    with vectors.reporting_damage(store, signal.lance_table):
        n_rows, is_indexed = int(dataset.count_rows()), bool(dataset.describe_indices())
    known = signal.details.get("index")
    if not known or not is_indexed or is_stale(known["n_rows"], n_rows):
        return None, n_rows
    return Index(**known), n_rows


def is_stale(n_indexed: int, n_rows: int) -> bool:
    """Return whether a table has changed too much since its index was built."""
    return not n_indexed * (1 - STALE) <= n_rows <= n_indexed * (1 + STALE)


def build_index(store: Store, signal: Signal) -> Index:
    """Build an index over all vectors of an embedding, and measure it.

    Raises:
        LockedError: another process computes the embedding.
        CorruptError: the vectors are damaged.
    """
    assert signal.lance_table is not None  # it has rows
    with exclusively(store, signal):
        n_rows = current_index(store, signal)[1]
        partitions = max(1, round(np.sqrt(n_rows) / 2))
        create_vector_index(store, signal.lance_table, partitions=partitions)
        index = _measured(store, signal, n_rows, partitions)
        _record(store, signal, index)
    return index


def _record(store: Store, signal: Signal, index: Index) -> None:
    """Record an index in its signal's details."""
    parameters = {"signal_id": signal.signal_id, "index": json.dumps({"index": asdict(index)})}
    with store.writing() as connection:
        connection.execute(query("search/set_index"), parameters)


def _measured(store: Store, signal: Signal, n_rows: int, partitions: int) -> Index:
    """Double the probes until the recall is enough; the truth is one exact pass over all."""
    members = recorded_members(store, signal)
    sample = np.sort(
        np.random.default_rng(SEED).choice(members, size=min(QUERIES, len(members)), replace=False)
    )
    queries = unit_vectors(store, signal, sample)
    truth, _ = exact_nearest(store, signal, queries, members, k=K + 1)
    probes = 4
    while True:
        probes = min(probes, partitions)
        found = [_nearest(store, signal, row, k=K + 1, probes=probes) for row in queries]
        shares = [
            _share(exact, rows["instruction_id"].to_numpy(), itself=itself)
            for exact, rows, itself in zip(truth, found, sample, strict=True)
        ]
        recall = float(np.mean(shares))
        if recall >= RECALL + 0.02 or probes == partitions:  # a margin, since a sample says so
            return Index(n_rows, partitions, probes, round(recall, 4), len(sample))
        probes *= 2


def _share(truth: Ids, found: Ids, *, itself: int) -> float:
    """Return the recall at 10 without the query itself; a tie with the tenth is as good."""
    wanted = [row for row in truth.tolist() if row != itself]
    n_wanted = min(K, len(wanted))
    hits = set(wanted) & set(found.tolist())
    return min(1.0, len(hits) / n_wanted) if n_wanted else 1.0


def _nearest(store: Store, signal: Signal, wanted: Vectors, *, k: int, probes: int) -> pa.Table:
    assert signal.lance_table is not None  # it has an index
    return nearest_rows(store, signal.lance_table, wanted, k=k, probes=probes)
