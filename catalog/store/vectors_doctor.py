"""The two stores against each other: what DuckDB records of the vectors, and what the vector store holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import LockedError
from catalog.store import vectors
from catalog.store.database import WAIT, Connection, reading, writing
from catalog.store.folders import Home
from catalog.store.lock import locked
from catalog.store.queries import query

FORGET = "restore vectors/ from a backup; or `catalog gc` forgets the shard, and the command that made it computes it again"
SWEEP = "`catalog gc` removes it"


@dataclass(frozen=True)
class Fault:
    """One thing in which the stores differ.

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


@dataclass(frozen=True)
class VectorSweep:
    """What was removed from the vector store, or would be."""

    n_rows: int = 0
    tables: tuple[str, ...] = ()
    n_forgotten: int = 0  # shards that DuckDB recorded and the vector store does not hold
    n_bytes: int = 0
    n_pins: int = 0  # that subsets had on versions, and which are gone


def faults(connection: Connection, home: Home) -> list[Fault]:
    """Where the stores differ; nothing in a healthy catalog.

    Found: shards whose rows, or whose whole table, are not there; rows of shards that were never committed; rows of instructions that
    are no more; tables that no signal names.
    """
    signals = connection.sql(query("doctor/vector_signals")).fetchall()
    answer = [
        fault for signal_id, name, table, version in signals for fault in _of_signal(connection, home, signal_id, name, table, version)
    ]
    named = {table for _, _, table, _ in signals}
    orphans = [table for table in vectors.tables(home) if table not in named]
    return answer + [Fault("orphan_table", f"the vector table {table} belongs to no signal", SWEEP, table) for table in orphans]


def _of_signal(connection: Connection, home: Home, signal_id: int, name: str, table: str, version: int | None) -> Iterator[Fault]:
    _register_rows(connection, home, table)
    for shard, n_expected, n_found in connection.sql(query("doctor/vector_shards"), params={"signal_id": signal_id}).fetchall():
        problem = f"shard {shard} of {name}: {n_expected:,} instructions are recorded and {table} holds {n_found:,} of them"
        yield Fault("shard_rows", problem, FORGET, table, signal_id, shard)
    at = {"signal_id": signal_id}
    for shard, n_rows in connection.sql(query("doctor/vector_orphans"), params=at).fetchall():
        problem = f"{n_rows:,} rows of shard {shard} in {table} ({name}) are recorded nowhere"
        yield Fault("orphan_rows", problem, SWEEP, table, signal_id, shard)
    if version is not None and vectors.exists(home, table) and version not in vectors.versions(home, table):
        yield Fault(
            "version_gone",
            f"version {version} of {table} ({name}) is recorded and not there",
            "`catalog gc` records it anew",
            table,
            signal_id,
        )


def _register_rows(connection: Connection, home: Home, table: str) -> None:
    """Who is in a table, as ``vector_rows(instruction_id, shard)``."""
    if vectors.exists(home, table):
        rows = vectors.dataset(home, table).to_table(columns=["instruction_id", "shard"])
    else:
        rows = pa.table({"instruction_id": pa.array([], pa.int64()), "shard": pa.array([], pa.int64())})
    connection.register("vector_rows", rows)


def sweep_vectors(home: Home, *, is_dry_run: bool = False, wait: float = WAIT) -> VectorSweep:
    """Make the vector store hold what DuckDB records, and DuckDB record what the vector store holds; then free the disk.

    Call it when instructions that nothing refers to are gone from DuckDB. A shard that lost rows is forgotten whole, so that the command
    that made it computes it again. Versions that a subset pins stay, until it is dropped.

    Raises:
        LockedError: another process held the catalog all that time.
    """
    with reading(home, wait=wait) as connection:
        found = faults(connection, home)
    # Where the whole folder is gone, somebody moved it: forgetting all would be no repair.
    lost = [(fault.signal_id, fault.shard) for fault in found if fault.check == "shard_rows" and home.vectors.is_dir()]
    orphans = tuple(fault.table for fault in found if fault.check == "orphan_table")
    if is_dry_run:
        n_bytes = sum(vectors.n_bytes(home, table) for table in orphans)
        return VectorSweep(_n_orphan_rows(home, wait=wait), orphans, len(lost), n_bytes, _n_dead_pins(home, wait=wait))
    if lost:
        with writing(home, wait=wait) as connection:
            for signal_id, shard in lost:
                for part in ("members", "gaps", "shards"):
                    connection.execute(query(f"gc/forget_{part}"), {"signal_id": signal_id, "shard": shard})
    n_bytes = sum(vectors.n_bytes(home, table) for table in orphans)
    for table in orphans:
        vectors.drop(home, table)
    n_rows, freed, n_pins = 0, 0, _n_dead_pins(home, wait=wait)
    with reading(home, wait=wait) as connection:
        signals = connection.sql(query("doctor/vector_signals")).fetchall()
    for signal_id, _, table, _ in signals:
        if vectors.exists(home, table):
            removed, bytes_removed = _sweep_table(home, signal_id, table, wait=wait)
            n_rows, freed = n_rows + removed, freed + bytes_removed
    return VectorSweep(n_rows, orphans, len(lost), n_bytes + freed, n_pins - _n_dead_pins(home, wait=wait))


def _sweep_table(home: Home, signal_id: int, table: str, *, wait: float) -> tuple[int, int]:
    """Remove a table's orphan rows and old versions; rows removed and bytes freed. A table that a job writes or indexes is left alone."""
    home.scratch.mkdir(parents=True, exist_ok=True)
    try:
        with locked(home.scratch / f"signal-{signal_id}.lock", wait=0.0):
            with writing(home, wait=wait) as connection:
                for pin in _dead_pins(connection, home, table):
                    vectors.unpin(home, table, tag=pin)
                _register_rows(connection, home, table)
                dead = connection.sql(query("gc/dead_vectors"), params={"signal_id": signal_id}).to_arrow_table()
                for shard in dead["shard"].unique().to_pylist():
                    ids = dead.filter(pc.equal(dead["shard"], shard))["instruction_id"].to_pylist()
                    vectors.delete_rows(home, table, shard=shard, instruction_ids=ids)
                at = {"signal_id": signal_id, "lance_version": vectors.version(home, table)}
                connection.execute(query("gc/set_lance_version"), at)  # what is recorded must outlive the sweep
            with locked(home.lock, wait=wait):
                return dead.num_rows, vectors.sweep(home, table)
    except LockedError:
        return 0, 0


def _n_orphan_rows(home: Home, *, wait: float) -> int:
    n_rows = 0
    with reading(home, wait=wait) as connection:
        for signal_id, _, table, _ in connection.sql(query("doctor/vector_signals")).fetchall():
            _register_rows(connection, home, table)
            n_rows += connection.sql(query("gc/dead_vectors"), params={"signal_id": signal_id}).to_arrow_table().num_rows
    return n_rows


def _dead_pins(connection: Connection, home: Home, table: str) -> list[str]:
    """What subsets that were dropped still keep. Under the catalog's lock, since a subset pins before it is there to be read."""
    if not vectors.exists(home, table):
        return []
    there = {f"subset-{subset_id}" for (subset_id,) in connection.sql("SELECT subset_id FROM subsets").fetchall()}
    return sorted(pin for pin in vectors.pins(home, table) if pin.startswith("subset-") and pin not in there)


def _n_dead_pins(home: Home, *, wait: float) -> int:
    with reading(home, wait=wait) as connection:
        tables = [table for _, _, table, _ in connection.sql(query("doctor/vector_signals")).fetchall()]
        return sum(len(_dead_pins(connection, home, table)) for table in tables)
