"""Forgetting damaged shards, so that the command that made them computes them again."""

from __future__ import annotations

from typing import Any

from catalog.errors import CorruptError, LockedError
from catalog.maintenance.vectors_sweep import forget_shards, unless_busy
from catalog.store import vectors
from catalog.store.queries import query
from catalog.store.shard_hash import rows_sha256
from catalog.store.store import Store


def forget_damaged(
    store: Store,
) -> int:
    """Forget every shard of vectors that is not as it was written; returns how many.

    Files that cannot be read are taken out of their table; a table that cannot be opened at all is
    dropped. Busy signals are left alone. Call `catalog.maintenance.gc.gc` afterwards, which removes
    the rows.
    """
    with store.reading() as connection:
        signals = connection.sql(query("doctor/vector_signals")).fetchall()
        shards = {
            signal_id: connection.sql(
                query("maintenance/shards"), params={"signal_id": signal_id}
            ).fetchall()
            for signal_id, *_ in signals
        }
    n_forgotten = 0
    for signal_id, _, table, _ in signals:
        try:
            with unless_busy(store, signal_id):
                damaged = _damaged(store, table, shards[signal_id])
        except LockedError:
            continue
        n_forgotten += forget_shards(store, signal_id, damaged) if damaged else 0
    return n_forgotten


def _damaged(store: Store, table: str, shards: list[tuple[int, int, str | None]]) -> list[int]:
    """Return the damaged shards of a table, once the table can be read again."""
    try:
        _take_out_unreadable(store, table)
        return [
            shard
            for shard, n_members, sha256 in shards
            if not _is_whole(store, table, shard, n_members, sha256)
        ]
    except CorruptError:
        vectors.drop(store, table)
        return [shard for shard, *_ in shards]


def _is_whole(store: Store, table: str, shard: int, n_members: int, sha256: str | None) -> bool:
    rows = vectors.read_shard(store, table, shard, version=None)
    if sha256:
        return rows_sha256(rows) == sha256
    return len(rows) == n_members


def _take_out_unreadable(store: Store, table: str) -> None:
    """Commit a version without the files that cannot be read."""
    import lance

    dataset = vectors.dataset(store, table)
    lost = [
        fragment.fragment_id
        for fragment in dataset.get_fragments()
        if not _is_readable(store, table, fragment)
    ]
    if lost:
        with vectors.reporting_damage(store, table):
            operation = lance.LanceOperation.Delete(
                updated_fragments=[], deleted_fragment_ids=lost, predicate="false"
            )
            lance.LanceDataset.commit(
                str(vectors.path(store, table)), operation, read_version=dataset.version
            )


def _is_readable(store: Store, table: str, fragment: Any) -> bool:
    try:
        with vectors.reporting_damage(store, table):
            fragment.to_table()
    except CorruptError:
        return False
    return True
