"""Connections that run other people's SQL, locked down, each to one database.

A locked connection reads its own database and no other file. It can be attached again, so that the
next session of a process opens no new instance of DuckDB.
"""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from catalog.store.connection import Connection
from catalog.store.instance import instance_config
from catalog.store.quoting import literal

KEPT = 2
"""Idle connections of a process."""

PROGRESS = (
    "SET enable_progress_bar = true",
    "SET enable_progress_bar_print = false",
    "SET progress_bar_time = 0",
)
LOGS = (".wal", ".wal.checkpoint", ".wal.recovery")
"""Files beside a database that DuckDB reads if its last writer could not merge them, as on a full
disk."""

LOCKS = ("SET enable_external_access = false", "SET lock_configuration = true")

_idle: list[LockedConnection] = []
_lock = threading.Lock()


@dataclass(frozen=True)
class Access:
    """The database that a locked connection reads, and its resources.

    Attributes:
        database: the absolute path of the file.
        scratch: the folder for what does not fit into memory.
        memory: DuckDB's memory limit; None is DuckDB's own, 80 % of the machine.
        spill: what may be written into the scratch folder, such as ``"50GB"``.
    """

    database: Path
    scratch: Path
    memory: str | None
    spill: str


class LockedConnection:
    """Connection to an instance of its own, which keeps its memory limit, settings and lock."""

    def __init__(self, access: Access) -> None:
        """Open the instance.

        Raises:
            duckdb.ParserException: the memory is not a size.
        """
        self.access = access
        self.base_config = instance_config()
        # A folder of its own, since two instances that spill into one folder write into each
        # other's files.
        name = f"spill-{os.getpid()}-{secrets.token_hex(4)}"
        self.spill_folder = access.scratch / name
        config: dict[str, Any] = self.base_config | {"temp_directory": str(self.spill_folder)}
        if access.memory:
            config["memory_limit"] = access.memory
        self.connection = Connection(duckdb.connect(":memory:", config=config))
        with suppress(duckdb.Error):  # in a notebook DuckDB has no progress without ipywidgets
            for statement in PROGRESS:
                self.connection.execute(statement)
        # Among the config it has no effect.
        self.connection.execute("SET max_temp_directory_size = $spill", {"spill": access.spill})
        files = [f"{access.database}{suffix}" for suffix in ("", *LOGS)]
        self.connection.execute("SET allowed_paths = $files", {"files": files})
        for statement in LOCKS:
            self.connection.execute(statement)

    def attach(self) -> None:
        """Attach the database.

        Raises:
            duckdb.Error: the file is taken, damaged or unreadable.
        """
        self.connection.execute(f"ATTACH {literal(self.access.database)} AS catalog (READ_ONLY)")
        self.connection.execute("USE catalog")

    def clear(self) -> None:
        """Detach the database, and forget what was registered."""
        self.connection.unregister(*self.connection.registered)
        self.connection.execute("USE memory")
        self.connection.execute("DETACH catalog")

    def close(self) -> None:
        """Close the instance."""
        self.connection.close()


def take(access: Access) -> LockedConnection:
    """Return a connection to which no database is attached: an idle one, else a new one."""
    with _lock:
        for found in _idle:
            if found.access == access and found.base_config == instance_config():
                _idle.remove(found)
                return found
    return LockedConnection(access)


def give_back(connection: LockedConnection) -> None:
    """Detach the database, and keep the connection for the next who takes it."""
    try:
        connection.clear()
    except duckdb.Error:  # the instance is invalid, or closed
        connection.close()
        return
    if connection.spill_folder.exists():  # `close` removes it
        connection.close()
        return
    with _lock:
        _idle.insert(0, connection)
        surplus = _idle[KEPT:]
        del _idle[KEPT:]
    for other in surplus:
        other.close()
