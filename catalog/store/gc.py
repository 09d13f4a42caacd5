"""Sweeping: what nothing refers to any more."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from catalog.store.database import WAIT, reading, writing
from catalog.store.doctor import dead_scratch
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.vectors_doctor import VectorSweep, sweep_vectors


@dataclass(frozen=True)
class Sweep:
    """What was removed, or would be: instructions of dropped pools, files that dead jobs left, and vectors that nothing records."""

    n_instructions: int
    scratch: list[str]
    n_bytes: int
    is_dry_run: bool
    vectors: VectorSweep


def gc(home: Home, *, is_dry_run: bool = False, wait: float = WAIT) -> Sweep:
    """Remove instructions that no version of a pool and no subset holds, with their numbers, and the leftovers of dead jobs.

    Raises:
        LockedError: another process held the catalog all that time.
    """
    scratch = list(dead_scratch(home))
    n_bytes = sum(_size(path) for path in scratch)
    if is_dry_run:
        with reading(home, wait=wait) as connection:
            connection.execute(query("gc/unreferenced"))
            (n_instructions,) = connection.sql("SELECT count(*) FROM unreferenced").fetchall()[0]
        swept = sweep_vectors(home, is_dry_run=True, wait=wait)
        return Sweep(n_instructions, [str(path) for path in scratch], n_bytes, is_dry_run, swept)
    with writing(home, wait=wait) as connection:
        connection.execute(query("gc/unreferenced"))
        (n_instructions,) = connection.sql("SELECT count(*) FROM unreferenced").fetchall()[0]
        for table in ("losses", "scores", "signal_members", "signal_gaps", "signal_labels", "instructions"):
            connection.execute(query(f"gc/delete_{table}"))
    for path in scratch:
        shutil.rmtree(path, ignore_errors=True)
    return Sweep(n_instructions, [str(path) for path in scratch], n_bytes, is_dry_run, sweep_vectors(home, wait=wait))


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) if path.is_dir() else path.stat().st_size
