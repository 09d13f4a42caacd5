"""Is the catalog whole? The quick examination compares counts; the full one reads every block, row and vector.

Whatever is damaged becomes a finding: what it is, what is lost with it, and the next step. Nothing here ends in a traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb

from catalog.errors import CatalogError, DamageError
from catalog.maintenance.files import damaged_files
from catalog.maintenance.identity import changed_instructions, changed_subsets
from catalog.maintenance.shards import damaged_shards, record_missing
from catalog.store.database import WAIT, Connection, reading
from catalog.store.doctor import Finding, doctor
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.storage_errors import RESTORE, explain

Check = Callable[[Connection, Home], Iterator[Finding]]

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
    "signal_labels": "labels of taxonomies, which `catalog label` makes again",
}


def examine(home: Home, *, is_full: bool = False, is_recording: bool = False, wait: float = WAIT) -> list[Finding]:
    """Examine a catalog; an empty list is a healthy one.

    Args:
        home: the catalog's folder.
        is_full: read everything, and compare hashes; else only counts are compared.
        is_recording: record the hash of shards that have none, as they are now.
        wait: seconds to wait for another process.

    Raises:
        HomeNotFoundError: no catalog in that folder.
        LockedError: another process held the catalog all that time.
        MigrationError: the schema is older or newer than the code.
    """
    if not home.database.exists() and home.vectors.is_dir():
        problem = f"{home.database} is gone, and with it all pools, subsets and scores; the vectors are still there"
        return [Finding("database_gone", problem, RESTORE)]
    findings = _checked(home, lambda connection, home: iter(doctor(connection, home)), wait=wait)
    if not is_full:
        return findings
    if any(finding.check == "database_damaged" for finding in findings) and not _opens(home, wait=wait):
        return findings
    findings = [finding for finding in findings if finding.check != "database_damaged"]
    unreadable = _unreadable_tables(home, wait=wait)
    if is_recording and not unreadable:
        record_missing(home, wait=wait)
    for check in (changed_instructions, changed_subsets, damaged_shards, damaged_files):
        found = _checked(home, check, wait=wait)
        findings += [finding for finding in found if not (unreadable and finding.check == "database_damaged")]
    return findings + unreadable


def _checked(home: Home, check: Check, *, wait: float) -> list[Finding]:
    """What a check finds; where it cannot read what it needs, that is the finding."""
    found: list[Finding] = []
    try:
        with reading(home, wait=wait) as connection:
            for finding in check(connection, home):
                found.append(finding)
    except DamageError as error:
        found.append(_damage(error))
    except (duckdb.Error, OSError, MemoryError) as error:
        found.append(_damage(explain(error, home)))
    return found


def _damage(error: CatalogError) -> Finding:
    if isinstance(error, DamageError):
        return Finding("database_damaged", error.problem, error.next_step or RESTORE)
    return Finding("database_damaged", str(error), RESTORE)


def _opens(home: Home, *, wait: float) -> bool:
    try:
        with reading(home, wait=wait):
            return True
    except (CatalogError, duckdb.Error, OSError):
        return False


def _unreadable_tables(home: Home, *, wait: float) -> list[Finding]:
    """Read every block of every table; after one that cannot be read a new connection goes on with the next."""
    todo: list[str] = []
    findings = _checked(home, lambda connection, _home: _list_tables(connection, todo), wait=wait)
    while todo:
        for finding in _checked(home, lambda connection, _home: _read_tables(connection, todo), wait=wait):
            table = todo.pop(0)
            problem = f"table {table} cannot be read, and holds {LOST.get(table, 'records of the catalog')}: {finding.problem}"
            findings.append(Finding("unreadable_table", problem, finding.next_step))
    return findings


def _list_tables(connection: Connection, todo: list[str]) -> Iterator[Finding]:
    todo += [name for (name,) in connection.sql(query("maintenance/tables")).fetchall()]
    yield from ()


def _read_tables(connection: Connection, todo: list[str]) -> Iterator[Finding]:
    """Read tables, each off the list once it is read."""
    while todo:
        connection.execute(f'SELECT bit_xor(hash(rows)) FROM "{todo[0]}" AS rows').fetchall()
        todo.pop(0)
    yield from ()
