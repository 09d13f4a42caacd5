"""Opening DuckDB: briefly, with retry, and for writing only under the catalog's lock.

DuckDB lets one process write and then nobody else read. So a connection is opened for one piece of
work and closed after it, a job that computes holds none, and whoever finds the file taken waits,
tries again, and at last names the process that has it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

import duckdb

from catalog.errors import HomeNotFoundError, MigrationError
from catalog.messages import argument
from catalog.store.connection import Connection
from catalog.store.instance import CONFIG, NO_BAR, Resources, attached
from catalog.store.lock import locked
from catalog.store.migrate import Migration, migrate, pending
from catalog.store.opening import announced, open_to_read, open_to_write
from catalog.store.paths import CatalogPaths
from catalog.store.queries import query
from catalog.store.storage_errors import explaining

__all__ = ["Connection", "at_rest", "reading", "rehearsing", "upgrade", "writing"]

WRITER_MEMORY = "512MB"  # a commit streams; more would only be kept, not used


# The connections that `reading` uses again, by the database's path, in one thread's context.
_SHARED: ContextVar[dict[Path, Callable[[], Connection]] | None] = ContextVar(
    "shared", default=None
)


@contextmanager
def sharing(paths: CatalogPaths, connection: Callable[[], Connection]) -> Iterator[None]:
    """Let the `reading` blocks inside this block use a connection that is open already.

    DuckDB ends the stream of an answer when its connection runs another statement. So the owner of
    a connection shares it only where it streams nothing.

    Args:
        paths: the catalog's folder.
        connection: returns the connection.
    """
    token = _SHARED.set((_SHARED.get() or {}) | {paths.database.absolute(): connection})
    try:
        yield
    finally:
        _SHARED.reset(token)


@contextmanager
def reading(paths: CatalogPaths, *, wait: float, memory: str | None = None) -> Iterator[Connection]:
    """Yield a read-only connection; the one of an enclosing `sharing` block where there is one.

    Args:
        paths: the catalog's folder.
        wait: seconds to wait for a process that writes.
        memory: DuckDB's memory limit, such as ``"2GB"``; None is DuckDB's own limit, 80 % of the
            machine.

    Raises:
        HomeNotFoundError: no catalog in that folder.
        LockedError: another process held the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    shared = (_SHARED.get() or {}).get(paths.database.absolute())
    if shared is not None:
        yield shared()
        return
    if not paths.database.exists():
        raise _no_home(paths)
    resources = Resources(memory, spill_folder(paths))
    with ExitStack() as stack:
        connection = open_to_read(
            lambda: _entered(stack, paths, resources, is_read_only=True), paths=paths, wait=wait
        )
        with explaining(paths):
            behind = pending(connection)
            if behind:
                raise _behind(paths, behind)
            yield connection


@contextmanager
def writing(paths: CatalogPaths, *, wait: float) -> Iterator[Connection]:
    """Open one short transaction: committed when the block ends, rolled back when it raises.

    The first one in an empty folder makes the catalog.

    Raises:
        LockedError: another process held the lock or the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    with explaining(paths), _opened(paths, wait=wait) as connection:
        behind = pending(connection)
        if behind and home_is_new(connection):
            migrate(connection)
        elif behind:
            raise _behind(paths, behind)
        connection.execute("BEGIN")
        try:
            yield connection
        except BaseException:
            # A damaged database refuses to roll back, and nothing was written there.
            with suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def rehearsing(paths: CatalogPaths, *, wait: float) -> Iterator[Connection]:
    """Yield a connection for a dry run: the catalog read-only, or an empty one in memory.

    Raises:
        LockedError: another process held the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    if paths.database.exists():
        with reading(paths, wait=wait, memory=WRITER_MEMORY) as connection:
            yield connection
        return
    with duckdb.connect(config=CONFIG | {"memory_limit": WRITER_MEMORY}) as opened:
        connection = Connection(opened)
        connection.execute(NO_BAR)
        migrate(connection)
        yield connection


def upgrade(paths: CatalogPaths, *, wait: float, is_dry_run: bool = False) -> list[Migration]:
    """Apply pending migrations, or only list them; makes the catalog when the folder is empty."""
    with _opened(paths, wait=wait) as connection:
        if is_dry_run:
            return list(pending(connection))
        return migrate(connection)


@contextmanager
def at_rest(paths: CatalogPaths, *, wait: float) -> Iterator[Connection]:
    """Yield a connection while nobody else writes, and the database's file holds everything.

    Raises:
        HomeNotFoundError: no catalog in that folder.
        LockedError: another process held the lock or the file all that time.
        MigrationError: the schema is older or newer than the code.
    """
    if not paths.database.exists():
        raise _no_home(paths)
    with explaining(paths), _opened(paths, wait=wait) as connection:
        behind = pending(connection)
        if behind:
            raise _behind(paths, behind)
        connection.execute("CHECKPOINT")
        yield connection


def home_is_new(connection: Connection) -> bool:
    """Tell whether nothing was ever written into this database."""
    return not connection.sql(query("maintenance/tables")).fetchall()


@contextmanager
def _opened(paths: CatalogPaths, *, wait: float) -> Iterator[Connection]:
    paths.scratch.mkdir(parents=True, exist_ok=True)
    resources = Resources(WRITER_MEMORY, spill_folder(paths))
    started = time.monotonic()
    with locked(paths.lock, wait=wait), announced(paths), ExitStack() as stack:
        left = max(0.0, wait - (time.monotonic() - started))
        yield open_to_write(
            lambda: _entered(stack, paths, resources, is_read_only=False), paths=paths, wait=left
        )


def _entered(
    stack: ExitStack, paths: CatalogPaths, resources: Resources, *, is_read_only: bool
) -> Connection:
    opened = attached(paths.database, is_read_only=is_read_only, resources=resources)
    return Connection(stack.enter_context(opened))


def spill_folder(paths: CatalogPaths) -> str:
    """Return the folder where this process may write what does not fit into memory.

    There is one name, since the connections of a process share a configuration.
    """
    return str(paths.scratch / f"spill-{os.getpid()}-shared")


def _no_home(paths: CatalogPaths) -> HomeNotFoundError:
    return HomeNotFoundError(
        f"no catalog in {paths.path}: `catalog register FILE --pool NAME` makes one, "
        f"{argument('home', flag='--home FOLDER')} names another"
    )


def _behind(paths: CatalogPaths, migrations: tuple[Migration, ...]) -> MigrationError:
    names = ", ".join(migration.path for migration in migrations)
    problem = f"{paths.path} needs {len(migrations)} migration(s), {names}"
    return MigrationError(problem, next_step="run `catalog migrate`")
