"""Sweeping the vector store: it holds what DuckDB records, DuckDB records what it holds, and the disk is freed.

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
from catalog.store.database import WAIT, Connection, reading, writing
from catalog.store.lock import locked
from catalog.store.paths import Home
from catalog.store.queries import query
from catalog.store.shard_hash import rows_sha256, set_sha256


@dataclass(frozen=True)
class VectorSweep:
    """What was removed from the vector store, or would be."""

    n_rows: int = 0
    tables: tuple[str, ...] = ()
    n_forgotten: int = 0  # shards that DuckDB recorded and the vector store does not hold
    n_bytes: int = 0
    n_pins: int = 0  # that subsets had on versions, and which are gone
    damaged: tuple[str, ...] = ()  # tables that cannot be read, and were left alone


def sweep_vectors(home: Home, *, is_dry_run: bool = False, wait: float = WAIT) -> VectorSweep:
    """Make the two stores agree, then free the disk.

    Call it when instructions that nothing refers to are gone from DuckDB. A shard that lost rows is
    forgotten whole, so that the command that made it computes it again. Versions that a subset pins
    stay, until it is dropped.

    Raises:
        LockedError: another process held the catalog all that time.
    """
    with reading(home, wait=wait) as connection:
        found = faults(connection, home)
    damaged = tuple(fault.table for fault in found if fault.check == "table_damaged")
    # Where the whole folder is gone, somebody moved it: forgetting all would be no repair.
    lost = [
        (fault.signal_id or 0, fault.shard or 0)
        for fault in found
        if fault.check == "shard_rows" and home.vectors.is_dir()
    ]
    if is_dry_run:
        orphans = tuple(fault.table for fault in found if fault.check == "orphan_table")
        n_bytes = sum(vectors.n_bytes(home, table) for table in orphans)
        n_rows, n_pins = (
            _n_orphan_rows(home, damaged, wait=wait),
            _n_dead_pins(home, damaged, wait=wait),
        )
        return VectorSweep(n_rows, orphans, len(lost), n_bytes, n_pins, damaged)
    n_forgotten = sum(
        forget_shards(home, signal_id, [shard], wait=wait) for signal_id, shard in lost
    )
    orphans, n_bytes = _drop_orphans(home, wait=wait)
    n_rows, freed, n_pins = 0, 0, _n_dead_pins(home, damaged, wait=wait)
    for signal_id, table in _tables(home, damaged, wait=wait):
        if vectors.exists(home, table):
            removed, bytes_removed = _sweep_table(home, signal_id, table, wait=wait)
            n_rows, freed = n_rows + removed, freed + bytes_removed
    return VectorSweep(
        n_rows,
        orphans,
        n_forgotten,
        n_bytes + freed,
        n_pins - _n_dead_pins(home, damaged, wait=wait),
        damaged,
    )


@contextmanager
def unless_busy(home: Home, signal_id: int) -> Iterator[None]:
    """Hold a signal's lock, which the job that computes it holds.

    Raises:
        LockedError: a job computes it.
    """
    home.scratch.mkdir(parents=True, exist_ok=True)
    with locked(home.scratch / f"signal-{signal_id}.lock", wait=0.0):
        yield


def forget_shards(home: Home, signal_id: int, shards: Sequence[int], *, wait: float) -> int:
    """Forget shards, so that the command that made them computes them again; returns how many. A busy signal is left alone."""
    try:
        with unless_busy(home, signal_id), writing(home, wait=wait) as connection:
            for shard in shards:
                for part in ("members", "gaps", "shards"):
                    connection.execute(
                        query(f"gc/forget_{part}"), {"signal_id": signal_id, "shard": shard}
                    )
    except LockedError:
        return 0
    return len(shards)


def _drop_orphans(home: Home, *, wait: float) -> tuple[tuple[str, ...], int]:
    """Drop tables that no signal names: their names and bytes. The catalog's lock keeps out a job that is about to make one."""
    if not home.vectors.is_dir():
        return (), 0
    with writing(home, wait=wait) as connection:
        named = {row[2] for row in connection.sql(query("doctor/vector_signals")).fetchall()}
        orphans = tuple(table for table in vectors.tables(home) if table not in named)
        n_bytes = sum(vectors.n_bytes(home, table) for table in orphans)
        for table in orphans:
            vectors.drop(home, table)
    return orphans, n_bytes


def _sweep_table(home: Home, signal_id: int, table: str, *, wait: float) -> tuple[int, int]:
    """Remove a table's orphan rows and old versions; rows removed and bytes freed. A table that a job writes or indexes is left alone."""
    try:
        with unless_busy(home, signal_id):
            with writing(home, wait=wait) as connection:
                for pin in _dead_pins(connection, home, table):
                    vectors.unpin(home, table, tag=pin)
                _hash_trimmed(connection, home, signal_id, table)
                register_rows(connection, home, table)
                dead = connection.sql(
                    query("gc/dead_vectors"), params={"signal_id": signal_id}
                ).to_arrow_table()
                for shard in dead["shard"].unique().to_pylist():
                    ids = dead.filter(pc.equal(dead["shard"], shard))["instruction_id"].to_pylist()
                    vectors.delete_rows(home, table, shard=shard, instruction_ids=ids)
                at = {"signal_id": signal_id, "lance_version": vectors.version(home, table)}
                connection.execute(
                    query("gc/set_lance_version"), at
                )  # what is recorded must outlive the sweep
            with locked(home.lock, wait=wait):
                return dead.num_rows, vectors.sweep(home, table)
    except (LockedError, CorruptError):  # a damaged table is told of by `doctor`
        return 0, 0


def _hash_trimmed(connection: Connection, home: Home, signal_id: int, table: str) -> None:
    """Record the hash of what shards hold without the rows that go; one that is not as it was written keeps its hash, and is found.

    The rows are taken from the version that is recorded, which a sweep that was killed has not
    changed.
    """
    ((version,),) = connection.sql(
        query("gc/lance_version"), params={"signal_id": signal_id}
    ).fetchall()
    if version is None or version not in vectors.versions(home, table):
        return
    register_rows(connection, home, table, version=version)
    for shard, sha256 in connection.sql(
        query("gc/trimmed_shards"), params={"signal_id": signal_id}
    ).fetchall():
        rows = vectors.read(
            home, table, columns=vectors.value_columns(home, table), shards=[shard], version=version
        ).read_all()
        if rows_sha256(rows) == sha256:
            at = {"signal_id": signal_id, "shard": shard}
            left = connection.sql(query("gc/shard_members"), params=at).to_arrow_table()[
                "instruction_id"
            ]
            kept = rows.filter(pc.is_in(rows["instruction_id"], value_set=left.combine_chunks()))
            set_sha256(connection, rows_sha256(kept), signal_id=signal_id, shard=shard)


def _tables(home: Home, damaged: Sequence[str], *, wait: float) -> list[tuple[int, str]]:
    """The signals that keep vectors, and their tables, those that cannot be read left out."""
    with reading(home, wait=wait) as connection:
        signals = connection.sql(query("doctor/vector_signals")).fetchall()
    return [(signal_id, table) for signal_id, _, table, _ in signals if table not in damaged]


def _n_orphan_rows(home: Home, damaged: Sequence[str], *, wait: float) -> int:
    n_rows = 0
    for signal_id, table in _tables(home, damaged, wait=wait):
        with reading(home, wait=wait) as connection:
            register_rows(connection, home, table)
            n_rows += (
                connection.sql(query("gc/dead_vectors"), params={"signal_id": signal_id})
                .to_arrow_table()
                .num_rows
            )
    return n_rows


def _dead_pins(connection: Connection, home: Home, table: str) -> list[str]:
    """What subsets that were dropped still keep. Under the catalog's lock, since a subset pins before it is there to be read."""
    if not vectors.exists(home, table):
        return []
    there = {
        f"subset-{subset_id}"
        for (subset_id,) in connection.sql("SELECT subset_id FROM subsets").fetchall()
    }
    return sorted(
        pin for pin in vectors.pins(home, table) if pin.startswith("subset-") and pin not in there
    )


def _n_dead_pins(home: Home, damaged: Sequence[str], *, wait: float) -> int:
    tables = _tables(home, damaged, wait=wait)
    with reading(home, wait=wait) as connection:
        return sum(len(_dead_pins(connection, home, table)) for _, table in tables)
