"""Exact cosine similarity between texts and the embeddings of members, a batch at a time.

All members are read in order, and their shards compared with their hashes. Fewer than half of a
table are read by id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from catalog.compute.few_vectors import BATCH_ROWS, each_of_few, vector_matrix
from catalog.compute.shard_runner import missing
from catalog.errors import CorruptError, SignalError
from catalog.query.checked_vectors import checked_batches, recorded_shards
from catalog.signals.registry import Signal, list_named
from catalog.signals.resolve import command_for
from catalog.store import vectors
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

DIGITS = 6  # of a cosine that is ranked by: float32 holds no more, and equal texts must tie
Vectors = np.ndarray[Any, np.dtype[np.float32]]
Ids = np.ndarray[Any, np.dtype[np.int64]]
Float = TypeVar("Float", np.float32, np.float64)
Process = Callable[[Ids, Vectors], None]
"""A function that is called with the ids (n,) and unit vectors (n, d) of a batch."""


def complete_embedding(store: Store, reference: Reference, encoder: str) -> Signal:
    """Return the embedding of an encoder that covers all members, of prompts if there is one.

    Raises:
        SignalError: none covers them; the error has the command that computes it.
    """
    from catalog.models.encoder_identity import encoder_identity

    wanted = encoder_identity(encoder)
    with store.reading() as connection:
        known = [
            signal
            for signal in list_named(connection, kind="embedding")
            if all(signal.identity.get(key) == value for key, value in wanted.items())
        ]
        counts = [missing(connection, reference, signal).num_rows for signal in known]
    command = command_for("embedding", reference, encoder)
    if not known:
        problem = f"{reference} has no embeddings of {encoder}"
        raise SignalError(f"{problem}: `{command}` computes them", command=command)

    def rank(index: int) -> tuple[int, bool]:
        return counts[index], known[index].identity.get("field") != "prompt"

    best = min(range(len(known)), key=rank)
    if counts[best]:
        problem = f"{counts[best]:,} members of {reference} have no embedding of {encoder}"
        raise SignalError(f"{problem}: `{command}` computes them", command=command)
    return known[best]


def text_vectors(encoder: str, signal: Signal, texts: list[str]) -> Vectors:
    """Return texts as unit vectors, float32 (n, d), in the precision of the members' embeddings."""
    from catalog.models.encoder import load_encoder

    loaded = load_encoder(encoder, dtype=signal.identity.get("dtype", "float32"))
    return unit(loaded.encode(texts).vectors)


def unit(rows: Vectors) -> Vectors:
    """Scale rows to length 1; a zero row stays zero.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]], dtype=np.float32)).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), dtype=np.float32)


def each_batch(store: Store, signal: Signal, members: Ids, process: Process) -> None:
    """Call a function with the ids (n,) and unit vectors (n, d) of members, a batch at a time.

    It reads as `unit_batches` does.
    """
    for ids, rows in unit_batches(store, signal, members):
        process(ids, rows)


def unit_batches(store: Store, signal: Signal, members: Ids) -> Iterator[tuple[Ids, Vectors]]:
    """Yield the ids (n,) and unit vectors (n, d) of members, a batch at a time.

    Args:
        store: the catalog's files and database.
        signal: the embedding.
        members: sorted ids.

    Raises:
        CorruptError: a vector is missing, or a shard does not hold what was written.
    """
    with store.reading() as connection:
        shards = recorded_shards(connection, signal_id=signal.signal_id)
    assert signal.lance_table is not None  # an embedding's
    table, n_read = signal.lance_table, 0
    if shards and len(members):
        batches = checked_batches(store, table, shards, column="vector", batch_rows=BATCH_ROWS)
        for batch in batches:
            ids = batch["instruction_id"].to_numpy()
            index = np.minimum(np.searchsorted(members, ids), len(members) - 1)
            kept = members[index] == ids
            if kept.any():
                yield ids[kept], unit(vector_matrix(batch["vector"])[kept])
                n_read += int(kept.sum())
    _require_all(table, n_read, len(members))


def _require_all(table: str, n_read: int, n_members: int) -> None:
    if n_read < n_members:
        raise CorruptError(
            f"{table} lacks {n_members - n_read:,} vectors that the database records"
        )


def recorded_members(store: Store, signal: Signal) -> Ids:
    """Return the sorted ids of all instructions that have a value of a signal."""
    parameters = {"signal_id": signal.signal_id}
    with store.reading() as connection:
        rows = connection.sql(query("signals/members"), params=parameters).to_arrow_table()
    return np.sort(rows["instruction_id"].to_numpy())


def each_vector(
    store: Store,
    signal: Signal,
    members: Ids,
    process: Process,
    *,
    shards: Ids | None = None,
) -> None:
    """Call a function with the ids and unit vectors of members, read in the faster way.

    Args:
        store: the catalog's files and database.
        signal: the embedding.
        members: sorted ids.
        process: called with each batch.
        shards: the committed ones, if they are known.

    Raises:
        CorruptError: a vector is missing, or a shard that was read whole is damaged.
    """
    assert signal.lance_table is not None  # an embedding's
    if not vectors.exists(store, signal.lance_table) or not len(members):
        each_batch(store, signal, members, process)  # reports that it is gone
        return
    with vectors.reporting_damage(store, signal.lance_table):
        n_rows = int(vectors.dataset(store, signal.lance_table).count_rows())
    if 2 * len(members) >= n_rows:
        each_batch(store, signal, members, process)
        return
    if shards is None:
        shards = committed_shards(store, signal)

    def process_units(ids: Ids, rows: Vectors) -> None:
        process(ids, unit(rows))

    n_read = each_of_few(store, signal, members, shards, process_units)
    _require_all(signal.lance_table, n_read, len(members))


def unit_vectors(
    store: Store,
    signal: Signal,
    members: Ids,
    *,
    read: Callable[[Store, Signal, Ids, Process], None] = each_vector,
) -> Vectors:
    """Return the unit vectors of members, float32 (n, d), in the order of their sorted ids.

    Args:
        store: the catalog's files and database.
        signal: the embedding.
        members: sorted ids.
        read: `each_vector`, or `each_batch` to compare every shard with its hash.

    Raises:
        CorruptError: a vector is missing, or a shard that was read whole is damaged.
    """
    matrix = np.empty((len(members), signal.dimension or 0), dtype=np.float32)

    def process(ids: Ids, rows: Vectors) -> None:
        matrix[np.searchsorted(members, ids)] = rows

    read(store, signal, members, process)
    return matrix


def committed_shards(store: Store, signal: Signal) -> Ids:
    """Return the numbers of a signal's shards."""
    parameters = {"signal_id": signal.signal_id}
    with store.reading() as connection:
        rows = connection.sql(query("signals/shards"), params=parameters).fetchall()
    return np.array([shard for (shard,) in rows], dtype=np.int64)


def exact_nearest(
    store: Store,
    signal: Signal,
    wanted: Vectors,
    members: Ids,
    *,
    k: int,
    shards: Ids | None = None,
) -> tuple[list[Ids], list[Vectors]]:
    """Return the members nearest to each of q unit vectors, by comparing all of them.

    Args:
        store: the catalog's files and database.
        signal: the embedding.
        wanted: unit vectors, float32 (q, d).
        members: sorted ids.
        k: how many of each, and those that tie with the last of them.
        shards: the committed ones, if they are known.

    Returns:
        Ids and cosines for each vector, nearest first; memory is O(q (k + a batch)).
    """
    best = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)) for _ in wanted]

    def process(ids: Ids, rows: Vectors) -> None:
        for i, row in enumerate(wanted @ rows.T):  # (q, n)
            every = np.concatenate([best[i][0], ids]), np.concatenate([best[i][1], row])
            best[i] = largest(*every, k=k)

    each_vector(store, signal, members, process, shards=shards)
    return [ids for ids, _ in best], [similarities for _, similarities in best]


def largest(
    ids: Ids, values: np.ndarray[Any, np.dtype[Float]], *, k: int
) -> tuple[Ids, np.ndarray[Any, np.dtype[Float]]]:
    """Return the k largest, rounded, and those that tie with the last of them, largest first.

    >>> ids, cosines = largest(np.array([4, 5, 6]), np.float32([0.5, 0.5000001, 0.9]), k=2)
    >>> ids.tolist(), cosines.round(2).tolist()
    ([6, 4, 5], [0.8999999761581421, 0.5, 0.5])
    """
    values = np.round(values, DIGITS)
    if len(ids) > k:
        least = np.partition(values, len(ids) - k)[len(ids) - k]
        kept = values >= least
        ids, values = ids[kept], values[kept]
    order = np.lexsort((ids, -values))
    return ids[order], values[order]
