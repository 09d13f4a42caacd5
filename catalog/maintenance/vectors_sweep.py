"""Sweeping the vector store: both stores agree afterwards, and the disk is freed.

Small files of a table are merged first, if there are many.

A table whose signal is locked belongs to a job, and is left alone: files that the job has written
and not committed look like leftovers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow.compute as pc

from catalog.errors import CorruptError, LockedError
from catalog.maintenance.vectors_doctor import faults, register_rows
from catalog.store import vectors
from catalog.store.compaction import compact
from catalog.store.database import Connection
from catalog.store.lock import locked
from catalog.store.queries import query
from catalog.store.shard_hash import rows_sha256, set_sha256
from catalog.store.store import Store


@dataclass(frozen=True)
class VectorSweep:
    """Counts of what was removed from the vector store, or would be."""

    n_rows: int = 0
    tables: tuple[str, ...] = ()
    n_forgotten: int = 0  # shards that DuckDB recorded and the vector store does not hold
    n_bytes: int = 0
    n_pins: int = 0  # that subsets had on versions, and which are gone
    damaged: tuple[str, ...] = ()  # tables that cannot be read, and were left alone


def sweep_vectors(
    store: Store,
    *,
    is_dry_run: bool = False,
) -> VectorSweep:
    """Make the two stores agree, then free the disk.

    Call it when instructions that nothing refers to are gone from DuckDB. A shard that lost rows is
    forgotten whole, so that the command that made it computes it again. Versions that a subset pins
    stay, until it is dropped.

    Raises:
        LockedError: another process held the catalog all that time.
    """
    with store.reading() as connection:
        found = faults(connection, store)
    damaged = tuple(fault.table for fault in found if fault.check == "table_damaged")
    # Where the whole folder is gone, somebody moved it: forgetting all would be no repair.
    lost = [
        (fault.signal_id or 0, fault.shard or 0)
        for fault in found
        if fault.check == "shard_rows" and store.vectors.is_folder()
    ]
    if is_dry_run:
        orphans = tuple(fault.table for fault in found if fault.check == "orphan_table")
        n_bytes = sum(vectors.n_bytes(store, table) for table in orphans)
        n_rows, n_pins = (
            _n_orphan_rows(store, damaged),
            _n_dead_pins(store, damaged),
        )
        return VectorSweep(n_rows, orphans, len(lost), n_bytes, n_pins, damaged)
    n_forgotten = sum(forget_shards(store, signal_id, [shard]) for signal_id, shard in lost)
    orphans, n_bytes = _drop_orphans(store)
    n_rows, freed, n_pins = 0, 0, _n_dead_pins(store, damaged)
    for signal_id, table in _tables(store, damaged):
        if vectors.exists(store, table):
            removed, bytes_removed = _sweep_table(store, signal_id, table)
            n_rows, freed = n_rows + removed, freed + bytes_removed
    return VectorSweep(
        n_rows,
        orphans,
        n_forgotten,
        n_bytes + freed,
        n_pins - _n_dead_pins(store, damaged),
        damaged,
    )


@contextmanager
def unless_busy(store: Store, signal_id: int) -> Iterator[None]:
    """Hold a signal's lock, which the job that computes it holds.

    Raises:
        LockedError: a job computes it.
    """
    store.scratch.mkdir(parents=True, exist_ok=True)
    with locked(store.scratch / f"signal-{signal_id}.lock", wait=0.0):
        yield


def forget_shards(
    store: Store,
    signal_id: int,
    shards: Sequence[int],
) -> int:
    """Forget shards, so that they are computed again; return how many.

    A busy signal is left alone.
    """
    try:
        with unless_busy(store, signal_id), store.writing() as connection:
            for shard in shards:
                for part in ("members", "gaps", "shards"):
                    connection.execute(
                        query(f"gc/forget_{part}"), {"signal_id": signal_id, "shard": shard}
                    )
    except LockedError:
        return 0
    return len(shards)


def _drop_orphans(
    store: Store,
) -> tuple[tuple[str, ...], int]:
    """Drop tables that no signal names, and return their names and bytes.

    The catalog's lock keeps out a job that is about to create one.
    """
    if not store.vectors.is_folder():
        return (), 0
    with store.writing() as connection:
        named = {row[2] for row in connection.sql(query("doctor/vector_signals")).fetchall()}
        orphans = tuple(table for table in vectors.tables(store) if table not in named)
        n_bytes = sum(vectors.n_bytes(store, table) for table in orphans)
        for table in orphans:
            vectors.drop(store, table)
    return orphans, n_bytes


def _sweep_table(
    store: Store,
    signal_id: int,
    table: str,
) -> tuple[int, int]:
    """Remove a table's orphan rows and old versions; return the rows and bytes.

    A table that a job writes or indexes is left alone.
    """
    try:
        with unless_busy(store, signal_id):
            compact(store, table)
            with store.writing() as connection:
                for pin in _dead_pins(connection, store, table):
                    vectors.unpin(store, table, tag=pin)
                _hash_trimmed(connection, store, signal_id, table)
                register_rows(connection, store, table)
                dead = connection.sql(
                    query("gc/dead_vectors"), params={"signal_id": signal_id}
                ).to_arrow_table()
                for shard in dead["shard"].unique().to_pylist():
                    ids = dead.filter(pc.equal(dead["shard"], shard))["instruction_id"].to_pylist()
                    vectors.delete_rows(store, table, shard=shard, instruction_ids=ids)
                at = {"signal_id": signal_id, "lance_version": vectors.version(store, table)}
                connection.execute(
                    query("gc/set_lance_version"), at
                )  # what is recorded must outlive the sweep
            with locked(store.lock, wait=store.wait):
                return dead.num_rows, vectors.sweep(store, table)
    except (LockedError, CorruptError):  # a damaged table is told of by `doctor`
        return 0, 0


def _hash_trimmed(connection: Connection, store: Store, signal_id: int, table: str) -> None:
    """Record the hash of shards without the rows that are removed.

    A damaged shard keeps its hash, so that `doctor` finds it.

    The rows are taken from the version that is recorded, which a sweep that was killed has not
    changed.
    """
    ((version,),) = connection.sql(
        query("gc/lance_version"), params={"signal_id": signal_id}
    ).fetchall()
    if version is None or version not in vectors.versions(store, table):
        return
    register_rows(connection, store, table, version=version)
    for shard, sha256 in connection.sql(
        query("gc/trimmed_shards"), params={"signal_id": signal_id}
    ).fetchall():
        rows = vectors.read_shard(store, table, shard, version=version)
        if rows_sha256(rows) == sha256:
            at = {"signal_id": signal_id, "shard": shard}
            left = connection.sql(query("gc/shard_members"), params=at).to_arrow_table()[
                "instruction_id"
            ]
            kept = rows.filter(pc.is_in(rows["instruction_id"], value_set=left.combine_chunks()))
            set_sha256(connection, rows_sha256(kept), signal_id=signal_id, shard=shard)


def _tables(
    store: Store,
    damaged: Sequence[str],
) -> list[tuple[int, str]]:
    """Return the signals that keep vectors, and their tables, without unreadable ones."""
    with store.reading() as connection:
        signals = connection.sql(query("doctor/vector_signals")).fetchall()
    return [(signal_id, table) for signal_id, _, table, _ in signals if table not in damaged]


def _n_orphan_rows(
    store: Store,
    damaged: Sequence[str],
) -> int:
    n_rows = 0
    for signal_id, table in _tables(store, damaged):
        with store.reading() as connection:
            register_rows(connection, store, table)
            n_rows += (
                connection.sql(query("gc/dead_vectors"), params={"signal_id": signal_id})
                .to_arrow_table()
                .num_rows
            )
    return n_rows


def _dead_pins(connection: Connection, store: Store, table: str) -> list[str]:
    """Return the tags that dropped subsets still keep.

    Call it under the catalog's lock, since a subset pins before it can be read.
    """
    if not vectors.exists(store, table):
        return []
    there = {
        f"subset-{subset_id}"
        for (subset_id,) in connection.sql("SELECT subset_id FROM subsets").fetchall()
    }
    return sorted(
        pin for pin in vectors.pins(store, table) if pin.startswith("subset-") and pin not in there
    )


def _n_dead_pins(
    store: Store,
    damaged: Sequence[str],
) -> int:
    tables = _tables(store, damaged)
    with store.reading() as connection:
        return sum(len(_dead_pins(connection, store, table)) for _, table in tables)
