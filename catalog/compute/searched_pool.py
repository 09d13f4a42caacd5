"""Memory of a process between searches of a pool, so that the second one answers at once.

The database is opened for every piece of work, and opening it takes as long as a search may. So the
members, their texts and their vectors stay in memory while the database's files do not change, up
to a size; larger pools are read anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from catalog.compute.full_text import FullText, complete_full_text
from catalog.compute.imports.row_matching import member_ids
from catalog.compute.index import Index, current_index
from catalog.compute.similarity import (
    Ids,
    Vectors,
    committed_shards,
    complete_embedding,
    unit_vectors,
)
from catalog.signals.registry import Signal
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

KEPT_POOLS = 2
KEPT_MEMBERS = 200_000  # whose texts are kept
KEPT_BYTES = 256 << 20  # of vectors

Stamp = tuple[tuple[int, int, int], ...]


@dataclass
class SearchedEmbedding:
    """Embedding of a pool as it is searched.

    Attributes:
        signal: the embedding.
        index: its index, if there is one with enough recall.
        n_rows: of its table.
        shards: those that are committed.
        matrix: unit vectors (n, d) in the order of the pool's ids, once they were read.
    """

    signal: Signal
    index: Index | None
    n_rows: int
    shards: Ids
    matrix: Vectors | None = None


@dataclass
class SearchedPool:
    """Version of a pool, or a subset, as it is searched.

    Attributes:
        store: the catalog's files and database.
        reference: the version.
        ids: of its members, sorted.
        embeddings: by the encoder's name.
    """

    store: Store
    reference: Reference
    ids: Ids
    embeddings: dict[str, SearchedEmbedding] = field(default_factory=dict)

    def embedding(self, encoder: str) -> SearchedEmbedding:
        """Return the embedding that covers all members.

        Raises:
            SignalError: none covers them.
        """
        if encoder not in self.embeddings:
            signal = complete_embedding(self.store, self.reference, encoder)
            index, n_rows = current_index(self.store, signal)
            used = index if index and index.is_used else None
            shards = committed_shards(self.store, signal)
            self.embeddings[encoder] = SearchedEmbedding(signal, used, n_rows, shards)
        return self.embeddings[encoder]

    @cached_property
    def full_text(self) -> FullText:
        """Return the full-text index that covers all members."""
        return complete_full_text(self.store, self.reference)

    def matrix(self, embedding: SearchedEmbedding) -> Vectors | None:
        """Return the unit vectors of all members, float32 (n, d); None if they are too large."""
        dimension = embedding.signal.dimension or 0
        if embedding.matrix is None and len(self.ids) * dimension * 4 <= KEPT_BYTES:
            embedding.matrix = unit_vectors(self.store, embedding.signal, self.ids)
        return embedding.matrix

    def vector(self, embedding: SearchedEmbedding, instruction_id: int) -> Vectors:
        """Return the unit vector (d,) of a member."""
        if embedding.matrix is not None:
            return np.asarray(embedding.matrix[np.searchsorted(self.ids, instruction_id)])
        alone = np.array([instruction_id], dtype=np.int64)
        return np.asarray(unit_vectors(self.store, embedding.signal, alone)[0])

    def texts(self, ids: Ids) -> pa.Table:
        """Return the fingerprint, source, prompt and response of members, by instruction_id."""
        if len(self.ids) > KEPT_MEMBERS:
            return self._texts(np.sort(ids))
        return self._kept_texts.take(pa.array(np.searchsorted(self.ids, np.sort(ids))))

    @cached_property
    def _kept_texts(self) -> pa.Table:
        return self._texts(self.ids)

    def _texts(self, ids: Ids) -> pa.Table:
        with self.store.reading() as connection:
            connection.register("hits", pa.table({"instruction_id": pa.array(ids, pa.int64())}))
            rows: pa.Table = connection.sql(
                query("search/answer"), params=self.reference.parameters
            ).to_arrow_table()
        return rows.sort_by("instruction_id").combine_chunks()


_kept: OrderedDict[tuple[Path, str], tuple[Stamp, SearchedPool]] = OrderedDict()
_lock = threading.Lock()


def searched_pool(store: Store, text: str) -> SearchedPool:
    """Return the pool that a reference names, as this process knows it if nothing has changed.

    Raises:
        ReferenceNotFoundError: there is none.
    """
    key, stamp = (store.database.absolute(), text), _stamp(store)
    with _lock:
        known = _kept.get(key)
        if known and known[0] == stamp:
            _kept.move_to_end(key)
            return known[1]
    with store.reading() as connection:
        reference = resolve(connection, text)
        ids = np.sort(member_ids(connection, reference))
    pool = SearchedPool(store.absolute(), reference, ids)
    with _lock:
        _kept[key] = stamp, pool
        while len(_kept) > KEPT_POOLS:
            _kept.popitem(last=False)
    return pool


def _stamp(store: Store) -> Stamp:
    """Return what changes whenever the database does, read before the database is."""
    found = []
    for path in (store.database, store.database.with_name(f"{store.database.name}.wal")):
        with suppress(FileNotFoundError):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
