"""Apply the history of the schema: SQL files, forward only, each in one transaction."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb

from catalog.errors import MigrationError
from catalog.store.connection import Connection
from catalog.store.macro_names import FUNCTIONS
from catalog.store.paths import package_data_dir
from catalog.store.queries import query


@dataclass(frozen=True)
class Migration:
    """File of ``migrations/``: ``0001_pools.sql`` has number 1 and name ``pools``."""

    number: int
    name: str
    text: str

    @property
    def path(self) -> str:
        """Return the name of the file."""
        return f"{self.number:04d}_{self.name}.sql"

    @property
    def sha256(self) -> str:
        """Return the sha256 of the text; a file that changed after it was applied is refused."""
        return hashlib.sha256(self.text.encode()).hexdigest()


@cache
def known_migrations(folder: Path | None = None) -> tuple[Migration, ...]:
    """Return the migrations that this version of the code knows, in order.

    Raises:
        MigrationError: a number is missing or a name does not fit.
    """
    found = []
    for path in sorted((folder or package_data_dir("migrations")).glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
        if not match:
            raise MigrationError(f"{path}: a migration is named like 0001_pools.sql")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise MigrationError(
                f"migration {expected:04d} is missing: the next file is {migration.path}"
            )
    return tuple(found)


def applied(connection: Connection) -> list[tuple[int, str, str]]:
    """Return the applied migrations: (number, name, sha256) in order; empty for a new file."""
    try:  # asking the schema whether the table is there takes ten times as long, at every opening
        rows = connection.execute(query("migrations/applied")).fetchall()
    except duckdb.CatalogException:
        return []
    return [(int(number), str(name), str(sha256)) for number, name, sha256 in rows]


def pending(
    connection: Connection, known: tuple[Migration, ...] | None = None
) -> tuple[Migration, ...]:
    """Return the migrations still to apply.

    Raises:
        MigrationError: newer code made the database, a number is missing, or an applied file has
            changed since.
    """
    known = known_migrations() if known is None else known
    done = applied(connection)
    if len(done) > len(known):
        raise MigrationError(
            f"this catalog is at migration {done[-1][0]:04d}_{done[-1][1]} and this version of the "
            f"code knows "
            f"{len(known)}: upgrade the package (pip install -U catalog)"
        )
    for (number, name, sha256), migration in zip(done, known, strict=False):
        if number != migration.number:
            raise MigrationError(
                f"migration {migration.number:04d} was never applied here, but {number:04d}_{name} "
                "was: restore a backup"
            )
        if sha256 != migration.sha256:
            raise MigrationError(
                f"migration {number:04d}_{name}.sql has changed since it was applied: reinstall "
                "the package, or restore the file"
            )
    return known[len(done) :]


def migrate(connection: Connection, known: tuple[Migration, ...] | None = None) -> list[Migration]:
    """Apply and return the pending migrations, each in one transaction with its record."""
    todo = pending(connection, known)
    connection.execute(query("migrations/create"))
    for migration in todo:
        with _functions(connection, migration.text):
            _apply(connection, migration)
    return list(todo)


def _apply(connection: Connection, migration: Migration) -> None:
    connection.execute("BEGIN")
    try:
        connection.execute(migration.text)
        connection.execute(
            query("migrations/record"),
            {"number": migration.number, "name": migration.name, "sha256": migration.sha256},
        )
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def _functions(connection: Connection, text: str) -> Iterator[None]:
    """Provide the Python functions that a migration's text calls."""
    names = [name for name in FUNCTIONS if "with_new_names" in text]
    for name in names:
        function, types = FUNCTIONS[name]
        connection.create_function(name, function, types, "VARCHAR")
    try:
        yield
    finally:  # the instance serves other catalogs afterwards
        for name in names:
            connection.remove_function(name)
