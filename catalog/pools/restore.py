"""Restoring: an older version of a pool becomes its newest version."""

from __future__ import annotations

import time
from dataclasses import dataclass

from catalog.notebook import NotebookResult
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store


@dataclass(frozen=True, kw_only=True)
class Restoration(NotebookResult):
    """Result of a restoration, or with ``is_dry_run`` the result that it would have.

    Attributes:
        name: the pool's name.
        version: the pool's newest version after it.
        restored_from: the restored version.
        is_new_version: False when the newest version already has these members, so that nothing is
            written.
        n_members: members of the version.
        n_added: members that the version before does not have.
        n_removed: members that only the version before has.
        n_kept: members of both.
        n_updated: kept members with another row number, source, labels, metadata or content of a
            media file.
        is_dry_run: whether this was a dry run.
    """

    name: str
    version: int
    restored_from: int
    is_new_version: bool
    n_members: int
    n_added: int
    n_removed: int
    n_kept: int
    n_updated: int
    is_dry_run: bool = False


def restore(
    store: Store,
    reference: str,
    *,
    is_dry_run: bool = False,
) -> Restoration:
    """Add a version with the members, sources, labels and metadata of an older version.

    Args:
        store: the catalog's files and database.
        reference: the version to restore, as ``name@3`` or ``name@tag``.
        is_dry_run: compare without writing.

    Raises:
        HomeNotFoundError: there is no catalog in that folder.
        ReferenceNotFoundError: there is no such pool, version or tag.
        LockedError: another process holds the catalog for too long.
    """
    started = time.monotonic()
    with store.reading() as connection:
        resolve(connection, reference, kind="pool")  # before writing creates a catalog
    with (store.rehearsing if is_dry_run else store.writing)() as connection:
        old = resolve(connection, reference, kind="pool")
        newest = resolve(connection, old.name, kind="pool").version
        done = _compared(connection, old, newest=newest, is_dry_run=is_dry_run)
        if done.is_new_version and not is_dry_run:
            _write(connection, old, done, seconds=time.monotonic() - started)
        return done


def _compared(
    connection: Connection, old: Reference, *, newest: int, is_dry_run: bool
) -> Restoration:
    params = {"pool_id": old.id}
    connection.execute(query("restore/loaded"), params | {"version": old.version})
    connection.execute(query("register/changes"), params | {"is_append": False})
    connection.execute(query("restore/changed_media"), params | {"version": old.version})
    counts = connection.sql(query("register/counts"), params=params).fetchall()[0]
    n_added, n_removed, n_updated, n_before, n_members = counts
    is_new = bool(n_added or n_removed or n_updated)
    return Restoration(
        name=old.name,
        version=newest + is_new,
        restored_from=old.version,
        is_new_version=is_new,
        n_members=n_members,
        n_added=n_added,
        n_removed=n_removed,
        n_kept=n_before - n_removed,
        n_updated=n_updated,
        is_dry_run=is_dry_run,
    )


def _write(connection: Connection, old: Reference, done: Restoration, *, seconds: float) -> None:
    params = {"pool_id": old.id, "version": done.version}
    connection.execute(query("restore/media_files"), params | {"restored_from": old.version})
    connection.execute(query("register/close"), params)
    connection.execute(query("register/members"), params)
    counts = {key: getattr(done, key) for key in ("n_added", "n_removed", "n_kept", "n_updated")}
    connection.execute(
        query("restore/version"),
        params | counts | {"restored_from": old.version, "seconds": seconds},
    )
