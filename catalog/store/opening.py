"""Opening the database file among other processes: in turn, patiently, and with writers first.

DuckDB lets many processes read or one write. Readers that come one after another would leave no
moment for a writer, so a writer announces itself: it holds the file ``catalog.intent`` while it
waits and writes. A reader looks at that file before it opens the database and waits, but for no
longer than `PATIENCE`: then it tries its luck as before, so that no reader starves behind many
writers, and one that already reads elsewhere in its process cannot deadlock.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import duckdb

from catalog.errors import LockedError
from catalog.store.lock import held_by, is_locked, try_lock
from catalog.store.paths import CatalogPaths
from catalog.store.storage_errors import explain_opening

T = TypeVar("T")
Sleep = Callable[[float], object]  # may raise to stop the waiting

PATIENCE = 1.0  # seconds that one opening waits for writers that have announced themselves
LONGEST_PAUSE = 0.05

# How DuckDB says that another process, or another connection of this one, has the file.
TAKEN = (
    "Could not set lock",
    "different configuration than existing connections",
    "Unique file handle conflict",
)


def open_to_read(
    connect: Callable[[], T], *, paths: CatalogPaths, wait: float, sleep: Sleep = time.sleep
) -> T:
    """Open the database to read it, after the writers that wait.

    Args:
        connect: opens it, or raises what DuckDB raises.
        paths: those of the catalog.
        wait: seconds to wait for other processes.
        sleep: passes the time; it may raise, to end the waiting.

    Raises:
        LockedError: another process held the file all that time.
        CorruptError: the file is damaged.
        StorageError: the disk does not let it be opened.
    """
    return _patiently(connect, paths=paths, wait=wait, sleep=sleep, patience=min(PATIENCE, wait))


def open_to_write(connect: Callable[[], T], *, paths: CatalogPaths, wait: float) -> T:
    """Open the database to write it, as `open_to_read` opens it to read.

    Call it inside `announced`, under the catalog's lock.
    """
    return _patiently(connect, paths=paths, wait=wait, sleep=time.sleep, patience=0.0)


@contextmanager
def announced(paths: CatalogPaths) -> Iterator[None]:
    """Keep new readers out of the database while the block waits for it and writes.

    Call it under the catalog's lock.
    """
    deadline = time.monotonic() + PATIENCE
    while (
        file := try_lock(paths.intent)
    ) is None and time.monotonic() < deadline:  # a reader looks at it: for microseconds
        time.sleep(0.001)
    try:
        yield
    finally:
        if file:
            file.close()


def _patiently(
    connect: Callable[[], T], *, paths: CatalogPaths, wait: float, sleep: Sleep, patience: float
) -> T:
    started = time.monotonic()
    pause = 0.005
    while True:
        while is_locked(paths.intent) and time.monotonic() < started + patience:
            sleep(0.005)
        try:
            return connect()
        except duckdb.Error as error:
            if not _is_taken(error):
                raise explain_opening(error, paths) from error
            if time.monotonic() >= started + wait:
                pid = re.search(r"\(PID (\d+)\)", str(error))
                holder = pid[1] if pid else ""
                raise LockedError(held_by(holder, path=paths.database, waited=wait)) from None
        sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _is_taken(error: duckdb.Error) -> bool:
    text = str(error)
    return any(sign in text for sign in TAKEN)
