"""Writing shards: first beside a table of the vector store, then into DuckDB and the table at once.

What a worker wrote and nobody committed does not exist, so that a shard may be computed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from catalog.signals.registry import Signal
from catalog.store import compaction, vectors
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.shard_hash import record_sha256, rows_sha256
from catalog.store.store import Store


@dataclass(frozen=True)
class Values:
    """Values of one shard.

    Attributes:
        rows: ``instruction_id``, and ``vector`` or ``states`` (for the vector store), ``value``
            (for ``scores``) or ``labels`` (for ``signal_labels``).
        gaps: (instruction_id, reason) of those without a value.
        n_tokens: tokens read.
        n_truncated: instructions that were truncated.
        n_left: instructions with neither a value nor a gap, left for another run.
        is_last: whether the run ends with this shard.
        written: the vectors, where they are written beside the table already; rows has the ids.
        sha256: of the rows of such vectors.
    """

    rows: pa.Table
    gaps: Sequence[tuple[int, str]] = ()
    n_tokens: int = 0
    n_truncated: int = 0
    n_left: int = 0
    is_last: bool = False
    written: vectors.Written | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class ComputedShard:
    """Values of a numbered shard.

    Attributes:
        shard: its number.
        values: of its instructions.
        seconds: that they took; in ``seconds_loading`` of them a model was loaded.
        worker: host and number of the process that computed them.
    """

    shard: int
    values: Values
    seconds: float
    seconds_loading: float = 0.0
    worker: tuple[str, int] = ("", 0)


def write_vectors(store: Store, signal: Signal, values: Values, *, shard: int) -> Values:
    """Write a shard's vectors beside the signal's table; without vectors, return what was given."""
    if not signal.lance_table or not values.rows.num_rows:
        return values
    numbers = pa.array([shard] * values.rows.num_rows, pa.int64())
    rows = values.rows.add_column(1, "shard", numbers)
    written = vectors.write(store, signal.lance_table, rows)
    ids = values.rows.select(["instruction_id"])
    return replace(values, rows=ids, written=written, sha256=rows_sha256(values.rows))


def commit_shard(store: Store, signal: Signal, values: Values, *, seconds: float) -> None:
    """Write one shard: to the vector store, then in one transaction to the database."""
    with store.writing() as connection:
        write_shard(connection, store, signal, values, seconds=seconds)


def commit_shards(
    store: Store, signal: Signal, shards: Sequence[ComputedShard], *, shard_rows: int
) -> None:
    """Commit computed shards as one version of the vector table and one transaction.

    Args:
        store: the catalog's files and database.
        signal: of the shards.
        shards: in the order of their numbers.
        shard_rows: the size of a shard, fixed by the first one.
    """
    parameters = {"signal_id": signal.signal_id, "shard_rows": shard_rows}
    with store.writing() as connection:
        connection.execute(query("signals/fix_shard_rows"), parameters)
        shards = [_written(store, signal, each) for each in shards]
        written = [each.values.written for each in shards if each.values.written]
        version = vectors.commit(store, str(signal.lance_table), written) if written else None
        for each in shards:
            _insert_shard(connection, signal, each, version=version)


def _written(store: Store, signal: Signal, computed: ComputedShard) -> ComputedShard:
    """Write the vectors of a shard unless its worker did."""
    if computed.values.written:
        return computed
    values = write_vectors(store, signal, computed.values, shard=computed.shard)
    return replace(computed, values=values)


def write_shard(
    connection: Connection, store: Store, signal: Signal, values: Values, *, seconds: float
) -> int:
    """Write one shard within the caller's transaction, and return its number.

    Losses, which the caller writes, are hashed once they are there: see `record_sha256`.
    """
    shard = next_shard(connection, signal)
    values, version = write_vectors(store, signal, values, shard=shard), None
    if values.written:
        version = vectors.commit(store, str(signal.lance_table), [values.written])
    _insert_shard(connection, signal, ComputedShard(shard, values, seconds), version=version)
    return shard


def next_shard(connection: Connection, signal: Signal) -> int:
    """Return the number of a signal's next shard."""
    parameters = {"signal_id": signal.signal_id}
    ((shard,),) = connection.sql(query("signals/next_shard"), params=parameters).fetchall()
    return int(shard)


def compact_table(store: Store, signal: Signal) -> None:
    """Merge the files of a signal's table if there are many. Call it under the signal's lock."""
    table = signal.lance_table
    if table and compaction.compact(store, table):
        parameters = {"signal_id": signal.signal_id, "lance_version": vectors.version(store, table)}
        with store.writing() as connection:
            connection.execute(query("gc/set_lance_version"), parameters)


def _insert_shard(
    connection: Connection, signal: Signal, computed: ComputedShard, *, version: int | None
) -> None:
    values = computed.values
    parameters = {"signal_id": signal.signal_id, "shard": computed.shard}
    _insert_members(connection, parameters, values)
    counts = {
        "n_instructions": values.rows.num_rows,
        "n_missing": len(values.gaps),
        "n_tokens": values.n_tokens,
        "n_truncated": values.n_truncated,
        "lance_version": version if values.written else None,
        "seconds": computed.seconds,
        "sha256": values.sha256,
    }
    connection.execute(query("signals/insert_shard"), parameters | counts)
    insert = {"score": _insert_scores, "labels": _insert_labels}.get(signal.kind)
    if insert:
        insert(connection, signal, values)
        record_sha256(
            connection, kind=signal.kind, signal_id=signal.signal_id, shard=computed.shard
        )


def _insert_members(connection: Connection, parameters: Mapping[str, Any], values: Values) -> None:
    connection.register("shard_members", values.rows.select(["instruction_id"]))
    connection.execute(query("signals/insert_members"), dict(parameters))
    if values.gaps:
        ids, reasons = zip(*values.gaps, strict=True)
        connection.register(
            "shard_gaps",
            pa.table(
                {
                    "instruction_id": pa.array(ids, pa.int64()),
                    "reason": pa.array(reasons, pa.string()),
                }
            ),
        )
        connection.execute(query("signals/insert_gaps"), dict(parameters))


def _insert_scores(connection: Connection, signal: Signal, values: Values) -> None:
    rows = values.rows.select(["instruction_id", "value"]).append_column(
        "reason", pa.nulls(values.rows.num_rows, pa.string())
    )
    if values.gaps:
        ids, reasons = zip(*values.gaps, strict=True)
        columns = {
            "instruction_id": pa.array(ids, pa.int64()),
            "value": pa.nulls(len(ids), rows.schema.field("value").type),
        }
        rows = pa.concat_tables(
            [rows, pa.table(columns | {"reason": pa.array(reasons, pa.string())})]
        )
    connection.register("shard_scores", rows)
    connection.execute(query("signals/insert_scores"), {"signal_id": signal.signal_id})


def _insert_labels(connection: Connection, signal: Signal, values: Values) -> None:
    connection.register("shard_labels", values.rows.select(["instruction_id", "labels"]))
    connection.execute(query("labels/insert"), {"signal_id": signal.signal_id})
