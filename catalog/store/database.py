"""Opening DuckDB: briefly, with retry, and for writing only under the catalog's lock.

DuckDB lets one process write and then nobody else read. So a connection is opened for one piece of work and closed
after it, a job that computes holds none, and whoever finds the file taken waits, tries again, and at last names the
process that has it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from catalog.errors import HomeNotFoundError, LockedError, MigrationError
from catalog.store.folders import Home
from catalog.store.lock import held_by, locked
from catalog.store.migrate import Migration, migrate, pending
from catalog.store.queries import macros

Connection = duckdb.DuckDBPyConnection

WAIT = 30.0  # seconds
WRITER_MEMORY = "512MB"  # a commit streams; more would only be kept, not used

# How DuckDB says that another process, or another connection of this one, has the file.
TAKEN = ("Could not set lock", "different configuration than existing connections", "Unique file handle conflict")

# What both kinds of connection share; DuckDB refuses two configurations for one file in one process.
CONFIG: dict[str, Any] = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
# DuckDB draws a bar on stdout, which is for data, when a statement takes more than two seconds; it is no option of `connect`.
NO_BAR = "SET enable_progress_bar = false"
# 2.0 writes a storage version that nothing older reads, at no gain; 1.5's is as small.
STORAGE = {"storage_compatibility_version": "v1.5.0"}


@contextmanager
def reading(home: Home, *, wait: float = WAIT, memory: str | None = None) -> Iterator[Connection]:
    """A read-only connection with the catalog's macros.

    Args:
        home: the catalog's folder.
        wait: seconds to wait for a process that writes.
        memory: DuckDB's memory limit, such as ``"2GB"``; None leaves DuckDB's own (80 % of the machine).

    Raises:
        HomeNotFoundError: no catalog in that folder.
        LockedError: another process held the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    if not home.database.exists():
        raise HomeNotFoundError(f"no catalog in {home.path}: `catalog register FILE --pool NAME` makes one, --home FOLDER names another")
    config = CONFIG | {"temp_directory": _spill(home)}
    if memory:
        config["memory_limit"] = memory
    connection = _patiently(lambda: duckdb.connect(str(home.database), read_only=True, config=config), home=home, wait=wait)
    try:
        behind = pending(connection)
        if behind:
            raise MigrationError(f"{home.path} needs {len(behind)} migration(s), {_names(behind)}: run `catalog migrate`")
        for macro in macros():
            connection.execute(macro)
        yield connection
    finally:
        connection.close()


@contextmanager
def writing(home: Home, *, wait: float = WAIT) -> Iterator[Connection]:
    """One short transaction: committed when the block ends, rolled back when it raises.

    The first one in an empty folder makes the catalog.

    Raises:
        LockedError: another process held the lock or the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    with _opened(home, wait=wait) as connection:
        behind = pending(connection)
        if behind and home_is_new(connection):
            migrate(connection)
        elif behind:
            raise MigrationError(f"{home.path} needs {len(behind)} migration(s), {_names(behind)}: run `catalog migrate`")
        for macro in macros():
            connection.execute(macro)
        connection.execute("BEGIN")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def rehearsing(home: Home, *, wait: float = WAIT) -> Iterator[Connection]:
    """Yield a connection for a dry run: the catalog read-only, or an empty one in memory where there is none.

    Raises:
        LockedError: another process held the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    if home.database.exists():
        with reading(home, wait=wait, memory=WRITER_MEMORY) as connection:
            yield connection
        return
    with duckdb.connect(config=CONFIG | {"memory_limit": WRITER_MEMORY}) as connection:
        connection.execute(NO_BAR)
        migrate(connection)
        for macro in macros():
            connection.execute(macro)
        yield connection


def upgrade(home: Home, *, wait: float = WAIT, is_dry_run: bool = False) -> list[Migration]:
    """Apply pending migrations, or only list them; makes the catalog when the folder is empty."""
    with _opened(home, wait=wait) as connection:
        return list(pending(connection)) if is_dry_run else migrate(connection)


def home_is_new(connection: Connection) -> bool:
    """Whether nothing was ever written into this database."""
    return not connection.sql("SELECT 1 FROM duckdb_tables() LIMIT 1").fetchall()


@contextmanager
def _opened(home: Home, *, wait: float) -> Iterator[Connection]:
    home.scratch.mkdir(parents=True, exist_ok=True)
    config = CONFIG | STORAGE | {"temp_directory": _spill(home), "memory_limit": WRITER_MEMORY}
    started = time.monotonic()
    with locked(home.lock, wait=wait):
        left = max(0.0, wait - (time.monotonic() - started))
        connection = _patiently(lambda: duckdb.connect(str(home.database), config=config), home=home, wait=left)
        try:
            yield connection
        finally:
            connection.close()


def _patiently(connect: Callable[[], Connection], *, home: Home, wait: float) -> Connection:
    deadline = time.monotonic() + wait
    pause = 0.005
    while True:
        try:
            connection = connect()
            connection.execute(NO_BAR)
            return connection
        except duckdb.Error as error:
            if not _is_taken(error):
                raise
            if time.monotonic() >= deadline:
                pid = re.search(r"\(PID (\d+)\)", str(error))
                raise LockedError(held_by(pid[1] if pid else "", path=home.database, waited=wait)) from None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.25)


def _spill(home: Home) -> str:
    """Where this process may write what does not fit into memory: one name, since connections of a process share a configuration.

    It holds the process, so that `gc` knows a dead one's.
    """
    return str(home.scratch / f"spill-{os.getpid()}-shared")


def _is_taken(error: duckdb.Error) -> bool:
    text = str(error)
    return any(sign in text for sign in TAKEN)


def _names(migrations: tuple[Migration, ...]) -> str:
    return ", ".join(migration.path for migration in migrations)
