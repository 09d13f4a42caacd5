"""Folder of a catalog: its files, its database, and how long to wait for other processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.store.paths import CatalogPaths

if TYPE_CHECKING:
    from catalog.store.database import Connection

WAIT = 30.0
"""Seconds that an opening waits for other processes, unless a store says otherwise."""


@dataclass(frozen=True)
class Store(CatalogPaths):
    """Folder of a catalog, opened for one piece of work at a time; it holds no connection.

    Attributes:
        wait: seconds to wait for another process that has the database or a lock.
    """

    wait: float = WAIT

    def absolute(self) -> Store:
        """Return the same store by its whole path, for a process that works in another folder."""
        return Store(self.path.absolute(), self.wait)

    @contextmanager
    def reading(self, *, memory: str | None = None) -> Iterator[Connection]:
        """Yield a read-only connection; see `catalog.store.database.reading`."""
        from catalog.store.database import reading

        with reading(self, wait=self.wait, memory=memory) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield a connection in one short transaction; see `catalog.store.database.writing`."""
        from catalog.store.database import writing

        with writing(self, wait=self.wait) as connection:
            yield connection

    @contextmanager
    def rehearsing(self) -> Iterator[Connection]:
        """Yield a connection for a dry run; see `catalog.store.database.rehearsing`."""
        from catalog.store.database import rehearsing

        with rehearsing(self, wait=self.wait) as connection:
            yield connection

    def upgrade(self, *, is_dry_run: bool = False) -> list[str]:
        """Apply the pending migrations, or only list them; see `catalog.store.database.upgrade`.

        Returns:
            Their file names.
        """
        from catalog.store.database import upgrade

        found = upgrade(self, wait=self.wait, is_dry_run=is_dry_run)
        return [migration.path for migration in found]
