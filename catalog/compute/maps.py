"""Maps: a place on a plane for every member, kept as a signal.

The members that are there at first are laid out together by `catalog.kernels.project`. Later ones
are placed among them, and none of the others moves, so that an outline drawn on a map keeps its
meaning.
"""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial

import numpy as np
import pyarrow as pa

from catalog.compute.few_vectors import vector_matrix
from catalog.compute.shard_runner import (
    SHARD_ROWS,
    ComputeReport,
    delete_dead_shards,
    exclusively,
    missing,
)
from catalog.compute.shard_writer import Values, write_shard
from catalog.compute.similarity import Ids, Vectors, each_batch, unit_vectors
from catalog.engine import Engine, Shard
from catalog.engine.local import Local
from catalog.errors import SignalError
from catalog.query.checked_vectors import Shards, checked_batches, naming_damage, recorded_shards
from catalog.signals.coverage import Coverage, coverages, preferred
from catalog.signals.kinds.map import Layout, MapOptions
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.references import Reference, count_members
from catalog.store.store import Store

VERSION = 2  # of this computation; a change that changes values counts it up
NEAREST = 10  # members whose median place a new member gets


def map_members(
    store: Store,
    reference: Reference,
    *,
    encoder: str | None = None,
    method: Layout = MapOptions.method,
    engine: Engine | None = None,
) -> ComputeReport:
    """Give every member of a pool or subset that has none a place (x, y), float32.

    The first call lays all members out by ``method``; t-SNE and UMAP above 50,000 members lay out
    a sample and place the rest on it. A later call gives each new member the median x and the
    median y of the 10 members of the first layout that are nearest to it by cosine, compared
    exactly; of those that tie with the last, the ones that were registered first count.

    Args:
        store: the catalog's files and database.
        reference: whose members; they are embedded. Each pool and subset has a map of its own.
        encoder: the encoder of the embeddings; None if there is only one.
        method: ``tsne``, ``umap`` or ``pca``.
        engine: where new members are placed; None is this process, which lays out in any case.

    Raises:
        SignalError: members have no embedding.
        OptionError: there is no such method.
    """
    MapOptions(method=method)
    with store.reading() as connection:
        embedding = _embedding(connection, reference, encoder)
    identity = {
        "embedding": embedding.identity_sha256,
        "method": method,
        "of": reference.name,
        "version": VERSION,
    }
    with store.writing() as connection:
        signal = ensure_signal(
            connection, kind="map", name=method, identity=identity, dimension=2, has_vectors=True
        )
    with exclusively(store, signal), naming_damage("embedding", reference, embedding.name):
        delete_dead_shards(store, signal)
        return _map(store, reference, signal, embedding, method, engine or Local())


def _embedding(connection: Connection, reference: Reference, encoder: str | None) -> Signal:
    """Return the embedding that covers the members, of prompts if there is one."""
    every = coverages(connection, reference, kind="embedding")
    candidates = preferred(every, {"field": "prompt"}) or every
    found = resolve_signal(reference, candidates, kind="embedding", name=encoder)
    fault = found if isinstance(found, SignalError) else missing_error(reference, found)
    if fault:
        raise fault
    assert isinstance(found, Coverage)
    named = list_named(connection, kind="embedding", name=found.name)
    return next(signal for signal in named if signal.signal_id == found.signal_id)


def _map(
    store: Store,
    reference: Reference,
    signal: Signal,
    embedding: Signal,
    method: Layout,
    engine: Engine,
) -> ComputeReport:
    started = time.monotonic()
    with store.reading() as connection:
        todo = missing(connection, reference, signal)
        shards = recorded_shards(connection, signal_id=signal.signal_id)
        n_members = count_members(connection, reference)
    report = ComputeReport(signal, n_members, n_members - todo.num_rows)
    if not todo.num_rows:
        return report
    ids = np.sort(todo["instruction_id"].to_numpy())
    vectors = unit_vectors(store, embedding, ids, read=each_batch)
    if shards:
        first = {min(shards): shards[min(shards)]}
        laid_out, places = _places(store, signal, first)
        around = unit_vectors(store, embedding, laid_out)
        placed = _placed(around, places, vectors, engine)
    else:
        placed = _laid_out(store, ids, vectors, method)
    column = pa.FixedSizeListArray.from_arrays(pa.array(placed.reshape(-1)), 2)
    rows = pa.table({"instruction_id": ids, "vector": column})
    report.seconds = time.monotonic() - started
    with store.writing() as connection:
        write_shard(connection, store, signal, Values(rows), seconds=report.seconds)
    report.n_computed = len(ids)
    return report


def _laid_out(store: Store, ids: Ids, vectors: Vectors, method: Layout) -> Vectors:
    """Return the places (n, 2) of members that are laid out together."""
    from catalog.kernels.project import project

    with store.reading() as connection:
        connection.register("wanted", pa.table({"instruction_id": ids}))
        named = connection.sql(
            "SELECT instruction_id, fingerprint FROM wanted JOIN instructions "
            "USING (instruction_id) ORDER BY instruction_id"
        ).to_arrow_table()
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), vectors.shape[1])
    points = project(named.append_column("vector", column), method=method)
    places = np.column_stack([points["x"].to_numpy(), points["y"].to_numpy()])
    return places[np.argsort(points["instruction_id"].to_numpy())].astype(np.float32)


def _placed(around: Vectors, places: Vectors, vectors: Vectors, engine: Engine) -> Vectors:
    """Return the places (n, 2) of new members among those that were laid out."""
    shards = (
        Shard(number, f"members {first:,} and after of a map", vectors[first : first + SHARD_ROWS])
        for number, first in enumerate(range(0, len(vectors), SHARD_ROWS))
    )
    with closing(engine.run(partial(_placed_shard, around, places), shards)) as placed:
        return np.concatenate([*placed])


def _placed_shard(around: Vectors, places: Vectors, shard: Shard[Vectors]) -> Vectors:
    from catalog.kernels._common.near_rows import median_places
    from catalog.kernels._common.parallel import row_blocks

    with row_blocks() as for_blocks:
        placed = median_places(around, places, shard.content, k=NEAREST, for_blocks=for_blocks)
    return placed.astype(np.float32)


def _places(store: Store, signal: Signal, shards: Shards) -> tuple[Ids, Vectors]:
    """Return the sorted ids (n,) and places (n, 2) of some shards of a map."""
    assert signal.lance_table is not None  # a map's
    batches = list(checked_batches(store, signal.lance_table, shards, column="vector"))
    ids = np.concatenate([batch["instruction_id"].to_numpy() for batch in batches])
    places = np.concatenate([vector_matrix(batch["vector"]) for batch in batches])
    order = np.argsort(ids)
    return ids[order], places[order]
