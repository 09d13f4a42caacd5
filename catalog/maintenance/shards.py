"""Shards against their hashes, and what to do about those that are not as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.errors import CatalogError, CorruptError
from catalog.maintenance.database_doctor import Issue
from catalog.query.checked_vectors import remedy
from catalog.signals.coverage import coverages
from catalog.signals.resolve import command_for
from catalog.store import vectors
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import resolve
from catalog.store.shard_hash import IN_DATABASE, rows_sha256, set_sha256, stored_sha256
from catalog.store.storage_errors import RESTORE
from catalog.store.store import Store

RECORD = "`catalog doctor --full --record` records it as it is now, once you trust it"


def damaged_shards(connection: Connection, store: Store) -> Iterator[Issue]:
    """Find shards whose values have changed since they were written, or have no recorded hash."""
    for signal_id, kind, name, table in connection.sql(query("maintenance/signals")).fetchall():
        n_unrecorded = 0
        for shard, n_members, recorded in _shards(connection, signal_id):
            try:
                sha256 = _sha256(connection, store, kind, signal_id, table, shard)
            except CorruptError as error:
                problem = (
                    f"shard {shard} of {kind} {name} ({n_members:,} instructions) cannot be read: "
                    f"{error}"
                )
                yield Issue(
                    "shard_damaged", problem, _next_step(connection, kind, signal_id, name, shard)
                )
                continue
            n_unrecorded += recorded is None
            if recorded and sha256 != recorded:
                problem = (
                    f"shard {shard} of {kind} {name} ({n_members:,} instructions) does not hold "
                    "the values that were written"
                )
                yield Issue(
                    "shard_damaged", problem, _next_step(connection, kind, signal_id, name, shard)
                )
        if n_unrecorded:
            yield Issue(
                "no_hash",
                f"{n_unrecorded:,} shards of {kind} {name} have no hash to compare with",
                RECORD,
            )


def record_missing(
    store: Store,
) -> None:
    """Record the hash of every shard that has none and can be read."""
    with store.reading() as connection:
        made = [
            (sha256, signal_id, shard)
            for signal_id, kind, _, table in connection.sql(query("maintenance/signals")).fetchall()
            for shard, _, recorded in _shards(connection, signal_id)
            if recorded is None
            and (sha256 := _readable_sha256(connection, store, kind, signal_id, table, shard))
        ]
    if made:
        with store.writing() as connection:
            for sha256, signal_id, shard in made:
                set_sha256(connection, sha256, signal_id=signal_id, shard=shard)


def _shards(connection: Connection, signal_id: int) -> list[tuple[int, int, str | None]]:
    rows = connection.sql(query("maintenance/shards"), params={"signal_id": signal_id})
    return [(shard, n_rows, sha256) for shard, n_rows, sha256 in rows.fetchall()]


def _readable_sha256(connection: Connection, store: Store, *at: Any) -> str | None:
    try:
        return _sha256(connection, store, *at)
    except CorruptError:
        return None


def _sha256(
    connection: Connection, store: Store, kind: str, signal_id: int, table: str | None, shard: int
) -> str:
    if table is None:
        return stored_sha256(connection, kind=kind, signal_id=signal_id, shard=shard)
    if not vectors.exists(store, table):
        raise CorruptError(f"{vectors.path(store, table)} is gone")
    ((version,),) = connection.sql(
        query("gc/lance_version"), params={"signal_id": signal_id}
    ).fetchall()
    return rows_sha256(vectors.read_shard(store, table, shard, version=version))


def _next_step(connection: Connection, kind: str, signal_id: int, name: str, shard: int) -> str:
    """Return the next step: vectors are computed again, rows of the database are restored."""
    if kind in IN_DATABASE:
        return RESTORE
    rows = connection.sql(
        query("maintenance/shard_pool"), params={"signal_id": signal_id, "shard": shard}
    ).fetchall()
    if not rows:
        return remedy("the command that made it")
    try:
        reference = resolve(connection, rows[0][0])
        found = next(
            each
            for each in coverages(connection, reference, kind=kind)
            if each.signal_id == signal_id
        )
    except (CatalogError, StopIteration):
        return remedy("the command that made it")
    return remedy(command_for(kind, reference.name, name, found))
