"""Checks of a catalog: the quick ones compare counts, the full ones read every row and vector.

Whatever is damaged becomes an issue: what it is, what is lost with it, and the next step. Nothing
here ends in a traceback.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence

import duckdb

from catalog.errors import DamageError
from catalog.maintenance.database_doctor import Issue, doctor
from catalog.maintenance.files import damaged_files
from catalog.maintenance.identity import changed_instructions, changed_subsets
from catalog.maintenance.shards import damaged_shards, record_missing
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.storage_errors import RESTORE, explain
from catalog.store.store import Store

Check = Callable[[Connection, Store], Iterator[Issue]]

# What a table that cannot be read takes with it.
LOST: dict[str, str] = {
    "instructions": "the texts of instructions",
    "pools": "the names of pools",
    "pool_versions": "the history of pools",
    "pool_members": "which instructions belong to which version of a pool",
    "subsets": "what made each subset",
    "subset_members": "the members of subsets",
    "signals": "which signals there are",
    "shards": "which parts of signals there are",
    "signal_members": "which instructions have a value of a signal",
    "losses": "loss trajectories, which `catalog losses` makes again",
    "scores": "scores, which `catalog score` and `catalog scores import` make again",
    "exports": "what was exported, where and when",
    "runs": "what was trained on pools and subsets",
    "evaluations": "the results of training",
    "marks": "what people marked as good or bad, and their notes",
    "signal_labels": "labels of taxonomies, which `catalog label` makes again",
}


def examine(
    store: Store,
    *,
    is_full: bool = False,
    is_recording: bool = False,
) -> list[Issue]:
    """Examine a catalog; an empty list is a healthy one.

    Args:
        store: the catalog's files and database.
        is_full: read everything, and compare hashes; else only counts are compared.
        is_recording: record the hash of shards that have none, as they are now.

    Raises:
        HomeNotFoundError: no catalog in that folder.
        LockedError: another process held the catalog all that time.
        MigrationError: the schema is older or newer than the code.
    """
    if not store.database.exists() and store.vectors.is_folder():
        problem = (
            f"{store.database} is gone, and with it all pools, subsets and scores; "
            "the vectors are still there"
        )
        return [Issue("database_gone", problem, RESTORE)]
    if not is_full:
        return _run(store, [_quick])
    unreadable = _unreadable_tables(store)
    if any(issue.check == "database_damaged" for issue in unreadable):  # it does not even open
        return unreadable
    if is_recording and not unreadable:
        record_missing(store)
    issues = _run(
        store, [_quick, changed_instructions, changed_subsets, damaged_shards, damaged_files]
    )
    return unreadable + [
        issue for issue in issues if not (unreadable and issue.check == "database_damaged")
    ]


def _quick(connection: Connection, store: Store) -> Iterator[Issue]:
    yield from doctor(connection, store)


def _run(
    store: Store,
    checks: Sequence[Check],
) -> list[Issue]:
    """Collect the results of checks; a check that cannot read its data is a result itself.

    After an issue a new connection goes on, since damage may have ended the one before.
    """
    found: list[Issue] = []
    todo = deque(checks)
    while todo:
        try:
            with store.reading() as connection:
                n_before = len(found)
                while todo and len(found) == n_before:
                    found += _found(todo.popleft(), connection, store)
        except (DamageError, duckdb.Error, OSError) as error:
            return [*found, _damage(error, store)]  # it cannot even be opened
    return found


def _found(check: Check, connection: Connection, store: Store) -> list[Issue]:
    """Yield the results of one check until it meets damage."""
    found: list[Issue] = []
    try:
        for issue in check(connection, store):
            found.append(issue)
    except (DamageError, duckdb.Error, OSError, MemoryError) as error:
        found.append(_damage(error, store))
    return found


def _damage(error: DamageError | duckdb.Error | OSError | MemoryError, store: Store) -> Issue:
    explained = error if isinstance(error, DamageError) else explain(error, store)
    return Issue("database_damaged", explained.problem, explained.next_step or RESTORE)


def _unreadable_tables(
    store: Store,
) -> list[Issue]:
    """Read every block of every table.

    After a table that cannot be read, a new connection continues with the next one.
    """
    tables: list[str] = []

    def list_tables(connection: Connection, _home: Store) -> Iterator[Issue]:
        tables.extend(name for (name,) in connection.sql(query("maintenance/tables")).fetchall())
        yield from ()

    issues = _run(store, [list_tables])
    return issues + _run(store, [_read(table) for table in tables])


def _read(table: str) -> Check:
    """Read a table whole."""

    def check(connection: Connection, store: Store) -> Iterator[Issue]:
        try:
            connection.execute(f'SELECT bit_xor(hash(rows)) FROM "{table}" AS rows').fetchall()
        except duckdb.Error as error:
            issue = _damage(error, store)
            lost = LOST.get(table, "records of the catalog")
            problem = f"table {table} cannot be read, and holds {lost}: {issue.problem}"
            yield Issue("unreadable_table", problem, issue.next_step)

    return check
