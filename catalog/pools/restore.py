"""Restoring: an older version of a pool becomes the newest one, as a version of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass

from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """What a restoration did, or would do if ``is_dry_run``.

    Attributes:
        name: the pool's name.
        version: the pool's newest version afterwards.
        restored_from: the version that it has the members of.
        is_new_version: False when the newest version had these members already; nothing was written then.
        n_members: members of the version.
        n_added: members that the version before did not have.
        n_removed: members of the version before that are gone.
        n_kept: members of both.
        n_updated: how many of these have another row number, source, labels, metadata or content of a media file.
        is_dry_run: whether nothing was written in any case.
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
    """Make an older version of a pool the newest: a new version with its members, sources, labels and metadata.

    Args:
        store: the catalog's files and database.
        reference: the version to restore, as ``name@3`` or ``name@tag``.
        is_dry_run: compare, and write nothing.

    Raises:
        HomeNotFoundError: there is no catalog in that folder.
        ReferenceNotFoundError: no such pool, version or tag.
        LockedError: another process held the catalog all that time.
    """
    started = time.monotonic()
    with store.reading() as connection:
        resolve(connection, reference, kind="pool")  # refuses before a writer makes a catalog
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
    at = {"pool_id": old.id}
    connection.execute(query("restore/loaded"), at | {"version": old.version})
    connection.execute(query("register/changes"), at | {"is_append": False})
    connection.execute(query("restore/changed_media"), at | {"version": old.version})
    counts = connection.sql(query("register/counts"), params=at).fetchall()[0]
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
    at = {"pool_id": old.id, "version": done.version}
    connection.execute(query("restore/media_files"), at | {"restored_from": old.version})
    connection.execute(query("register/close"), at)
    connection.execute(query("register/members"), at)
    counts = {key: getattr(done, key) for key in ("n_added", "n_removed", "n_kept", "n_updated")}
    connection.execute(
        query("restore/version"), at | counts | {"restored_from": old.version, "seconds": seconds}
    )
