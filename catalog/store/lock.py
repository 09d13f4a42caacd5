"""One lock for both stores, held around each commit and never while computing.

DuckDB admits one writing process, and concurrent upserts in LanceDB duplicate keys; so whoever commits holds this lock,
for milliseconds. The kernel frees it when its holder dies, so a killed job leaves nothing to clean.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog.errors import LockedError


@contextmanager
def locked(path: Path, *, wait: float) -> Iterator[None]:
    """Hold the catalog's lock file.

    Args:
        path: the lock file; made when it is not there.
        wait: seconds to wait for another holder.

    Raises:
        LockedError: another process held it all that time; the message names it.
    """
    with path.open("a+", encoding="utf-8") as file:
        deadline = time.monotonic() + wait
        while not _acquire(file.fileno()):
            if time.monotonic() >= deadline:
                file.seek(0)
                raise LockedError(held_by(file.read().strip(), path=path, waited=wait))
            time.sleep(0.02)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        try:
            yield
        finally:
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)


def held_by(pid: str, *, path: Path, waited: float) -> str:
    """Say which process holds a file, and what to do about it."""
    command = process_name(pid)
    who = f"process {pid} ({command})" if command else f"process {pid}" if pid else "another process"
    return f"{path} is held by {who}, and was for {waited:.0f} s: wait for it, stop it, or wait longer with --wait SECONDS"


def process_name(pid: str) -> str:
    """The command line of a process on this machine, or nothing when it cannot be seen."""
    if not pid.isdigit():
        return ""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return " ".join(raw.replace(b"\0", b" ").decode(errors="replace").split())[:120]


def _acquire(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
