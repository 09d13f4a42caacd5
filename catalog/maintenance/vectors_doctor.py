"""Compare the two stores: what DuckDB records of the vectors, and what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from catalog.errors import CorruptError
from catalog.store import vectors
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.store import Store

FORGET = (
    "restore vectors/ from a backup; or `catalog gc` forgets the shard, and the command that made "
    "it computes it again"
)
REPAIR = (
    "restore vectors/ from a backup; or `catalog gc --damaged` forgets what is damaged, and the "
    "command that made it computes it again"
)
SWEEP = "`catalog gc` removes it"


@dataclass(frozen=True)
class Fault:
    """Difference between the two stores.

    Attributes:
        check: which check found it.
        problem: what is wrong.
        next_step: what to do about it.
        signal_id: of the signal, where there is one.
        table: of the vector store.
        shard: which shard, where it is about one.
    """

    check: str
    problem: str
    next_step: str
    table: str
    signal_id: int | None = None
    shard: int | None = None


def faults(connection: Connection, store: Store) -> list[Fault]:
    """Return where the stores differ; nothing in a healthy catalog.

    Found: shards whose rows, or whose whole table, are not there; rows of shards that were never
    committed; rows of instructions that are no more; tables that no signal names; tables that
    cannot be read.
    """
    signals = connection.sql(query("doctor/vector_signals")).fetchall()
    answer: list[Fault] = []
    for signal_id, name, table, version in signals:
        try:
            answer += _of_signal(connection, store, signal_id, name, table, version)
        except CorruptError as error:
            answer.append(
                Fault(
                    "table_damaged",
                    f"the vectors of {name} cannot be read: {error}",
                    REPAIR,
                    table,
                    signal_id,
                )
            )
    named = {table for _, _, table, _ in signals}
    orphans = [table for table in vectors.tables(store) if table not in named]
    return answer + [
        Fault("orphan_table", f"the vector table {table} belongs to no signal", SWEEP, table)
        for table in orphans
    ]


def _of_signal(
    connection: Connection, store: Store, signal_id: int, name: str, table: str, version: int | None
) -> Iterator[Fault]:
    register_rows(connection, store, table)
    for shard, n_expected, n_found in connection.sql(
        query("doctor/vector_shards"), params={"signal_id": signal_id}
    ).fetchall():
        problem = (
            f"shard {shard} of {name}: {n_expected:,} instructions are recorded and {table} "
            f"holds {n_found:,} of them"
        )
        yield Fault("shard_rows", problem, FORGET, table, signal_id, shard)
    at = {"signal_id": signal_id}
    for shard, n_rows in connection.sql(query("doctor/vector_orphans"), params=at).fetchall():
        problem = f"{n_rows:,} rows of shard {shard} in {table} ({name}) are recorded nowhere"
        yield Fault("orphan_rows", problem, SWEEP, table, signal_id, shard)
    if (
        version is not None
        and vectors.exists(store, table)
        and version not in vectors.versions(store, table)
    ):
        yield Fault(
            "version_gone",
            f"version {version} of {table} ({name}) is recorded and not there",
            "`catalog gc` records it anew",
            table,
            signal_id,
        )


def register_rows(
    connection: Connection, store: Store, table: str, *, version: int | None = None
) -> None:
    """Register who is in a table, as ``vector_rows(instruction_id, shard)``.

    Raises:
        CorruptError: the table cannot be read.
    """
    if vectors.exists(store, table):
        rows = vectors.read(store, table, columns=["instruction_id", "shard"], version=version)
        with vectors.reporting_damage(store, table):
            rows = rows.read_all()
    else:
        rows = pa.table(
            {"instruction_id": pa.array([], pa.int64()), "shard": pa.array([], pa.int64())}
        )
    connection.register("vector_rows", rows)
