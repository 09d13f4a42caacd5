"""DuckDB in this process: an instance in memory to which databases are attached while in use.

A new instance registers some 3,300 functions, which takes ten times as long as attaching a file. So
an instance stays open after its last database is detached, and serves whoever comes next.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from catalog.store.quoting import literal
from catalog.threads import n_threads

CONFIG: dict[str, Any] = {
    "python_enable_replacements": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "wal_autocheckpoint": "1MB",  # a larger commit goes straight into the file, not into both
}
"""What every instance of the catalog is opened with, besides the threads."""


def instance_config() -> dict[str, Any]:
    """Return what an instance of this process is opened with."""
    return CONFIG | {"threads": n_threads()}


# DuckDB draws a bar on stdout, which is for data, when a statement takes more than two seconds; it
# is no option of `connect`.
NO_BAR = "SET enable_progress_bar = false"

# 2.0 writes a storage version that nothing older reads, at no gain; 1.5's is as small.
STORAGE_VERSION = "v1.5.0"


@dataclass(frozen=True)
class Resources:
    """Resources of an instance.

    Attributes:
        memory: DuckDB's memory limit, such as ``"2GB"``; None is DuckDB's own, 80 % of the machine.
        spill: the folder for what does not fit; None is for statements that never need one.
    """

    memory: str | None = None
    spill: str | None = None


@dataclass
class _Database:
    name: str
    is_read_only: bool
    n_users: int = 0


@dataclass
class _Instance:
    connection: duckdb.DuckDBPyConnection
    config: dict[str, Any]
    resources: Resources = field(default_factory=Resources)
    databases: dict[Path, _Database] = field(default_factory=dict)
    n_users: int = 0

    def set_resources(self, resources: Resources) -> bool:
        """Set the resources, and return whether they hold; others that are in use stay."""
        if resources == self.resources:
            return True
        if self.n_users:
            return False
        is_default = resources.memory is None
        memory = "RESET memory_limit" if is_default else f"SET memory_limit = '{resources.memory}'"
        self.connection.execute(memory)
        if resources.spill != self.resources.spill:
            try:
                self.connection.execute("SET temp_directory = $spill", {"spill": resources.spill})
            except duckdb.NotImplementedException:  # the folder of before holds something
                return False
        self.resources = resources
        return True

    def has_spilled(self) -> bool:
        """Return whether something lies in the folder for spills, which goes at the end."""
        return bool(self.resources.spill) and Path(str(self.resources.spill)).exists()

    def attach(self, path: Path, *, is_read_only: bool) -> str:
        """Attach a database, or share it with others that read it, and return its name."""
        database = self.databases.get(path)
        if database is None or not (is_read_only and database.is_read_only):
            database = _Database(next(_names), is_read_only)
            mode = "READ_ONLY" if is_read_only else f"STORAGE_VERSION '{STORAGE_VERSION}'"
            self.connection.execute(f"ATTACH {literal(path)} AS {database.name} ({mode})")
            self.databases[path] = database
        database.n_users += 1
        return database.name

    def detach(self, path: Path) -> None:
        """Detach a database unless others read it; what was written goes into the file."""
        database = self.databases[path]
        database.n_users -= 1
        if not database.n_users:
            del self.databases[path]
            self.connection.execute(f"DETACH {database.name}")


_instances: list[_Instance] = []
_inherited: list[_Instance] = []  # by a fork: never closed, since their threads are not there
_lock = threading.RLock()
_names = (f"catalog_{number}" for number in count(1))


@contextmanager
def attached(
    path: Path, *, is_read_only: bool, resources: Resources
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a database file, which is made if it is to be written and missing.

    Args:
        path: the file.
        is_read_only: whether nothing is written; those who read a file share what is attached.
        resources: the memory and the folder to spill into.

    Raises:
        duckdb.Error: the file is taken, damaged or unreadable.
    """
    path = path.absolute()
    with _used(resources) as instance:
        with _lock, _leaving_if_broken(instance):
            name = instance.attach(path, is_read_only=is_read_only)
        connection = instance.connection.cursor()
        try:
            connection.execute(f"USE {name}")
            connection.execute(NO_BAR)
            yield connection
        finally:
            connection.close()
            with _lock, suppress(duckdb.Error), _leaving_if_broken(instance):
                instance.detach(path)


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection for statements that read no database file."""
    with _used(None) as instance, instance.connection.cursor() as connection:
        connection.execute(NO_BAR)
        yield connection


@contextmanager
def _used(resources: Resources | None) -> Iterator[_Instance]:
    """Yield an instance with these resources, or with any, and keep one for the next."""
    with _lock:
        instance = _found(resources)
        instance.n_users += 1
    try:
        yield instance
    finally:
        with _lock:
            instance.n_users -= 1
            if not instance.n_users and (instance not in _instances or instance.has_spilled()):
                _close(instance)
            idle = [each for each in _instances if not each.n_users]
            idle.sort(key=lambda each: each is not instance)  # the next may want the same threads
            _close(*idle[1:])


def _found(resources: Resources | None) -> _Instance:
    config = instance_config()
    for instance in sorted(_instances, key=lambda each: -each.n_users):
        if instance.config == config and (resources is None or instance.set_resources(resources)):
            return instance
    instance = _Instance(duckdb.connect(":memory:", config=config), config)
    if resources is not None:
        instance.set_resources(resources)
    _instances.append(instance)
    return instance


@contextmanager
def _leaving_if_broken(instance: _Instance) -> Iterator[None]:
    """Let nobody else use an instance that an error may have invalidated."""
    try:
        yield
    except duckdb.ResourceInUseException:  # another connection has the file
        raise
    except duckdb.Error:
        with suppress(ValueError):
            _instances.remove(instance)
        raise


def _close(*instances: _Instance) -> None:
    for instance in instances:
        with suppress(ValueError):
            _instances.remove(instance)
        if not instance.n_users:
            instance.connection.close()


def _forget_instances() -> None:
    """Begin anew in a forked process."""
    global _lock
    _lock = threading.RLock()
    _inherited.extend(_instances)
    _instances.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_instances)
