"""Scratch folders: a job's files before it commits, each in use while its owner holds a lock.

A process number says nothing across containers, so the lock alone decides. It lies beside the
folder and is taken before the folder is made, so that a folder without a held lock is a dead job's.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import LockedError
from catalog.store.lock import is_locked, try_lock
from catalog.store.paths import CatalogPaths

SPILL = "spill-"  # DuckDB's own folders; their owners have the database open


@contextmanager
def scratch_folder(scratch: Path, purpose: str) -> Iterator[Path]:
    """Make a folder in the scratch folder for the block, and keep `gc` away from it meanwhile.

    Args:
        scratch: the catalog's scratch folder; made when it does not exist.
        purpose: the beginning of its name, such as ``register``.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    folder = scratch / f"{purpose}-{secrets.token_hex(6)}"
    lock, held = _lock_of(folder), None
    try:
        held = try_lock(lock)  # inside the block: Ctrl-C may come when the file is just there
        if held is None:
            raise LockedError(f"{lock} is held by another process: run the command again")
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        lock.unlink(missing_ok=True)
        if held:
            held.close()


def abandoned(paths: CatalogPaths) -> list[Path]:
    """List the scratch folders whose owner is gone; DuckDB's are not among them, see `spills`."""
    return [
        folder
        for folder in _folders(paths)
        if not folder.name.startswith(SPILL) and not is_locked(_lock_of(folder))
    ]


def sweep_abandoned(paths: CatalogPaths) -> None:
    """Remove the scratch folders whose owner is gone, and locks without a folder."""
    for folder in [*abandoned(paths), *_orphans(paths)]:
        held = try_lock(_lock_of(folder))
        if held:
            shutil.rmtree(folder, ignore_errors=True)
            _lock_of(folder).unlink(missing_ok=True)
            held.close()


def _orphans(paths: CatalogPaths) -> list[Path]:
    """List the folders whose lock alone is left and is older than a minute.

    A younger lock may belong to a job that is just starting.
    """
    old = time.time() - 60
    locks = [lock for lock in paths.scratch.glob("*.lock") if lock.stat().st_mtime < old]
    return [folder for folder in (lock.with_suffix("") for lock in locks) if not folder.exists()]


def spills(paths: CatalogPaths, *, own: str) -> list[Path]:
    """List the folders that DuckDB spilled into, but for this process's own.

    All are abandoned when the caller has the database open for writing: whoever queries has it open
    too, and DuckDB lets either in.
    """
    return [
        folder for folder in _folders(paths) if folder.name.startswith(SPILL) and str(folder) != own
    ]


def _folders(paths: CatalogPaths) -> list[Path]:
    return sorted(path for path in paths.scratch.glob("*") if path.is_dir())


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")
