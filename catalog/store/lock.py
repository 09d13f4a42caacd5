"""Locks on files: held for as long as a file is open, and freed by the kernel when their holder dies.

DuckDB admits one writing process, and concurrent upserts in LanceDB duplicate keys. So whoever
commits holds the catalog's lock, for milliseconds, and never while computing. A killed job leaves
nothing to clean. A lock belongs to an open file, not to a process number, so it also holds between
containers that cannot see each other's processes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from catalog.errors import LockedError

POLL = 0.02  # seconds between two looks at a lock that another process holds


@contextmanager
def locked(path: Path, *, wait: float) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: the lock file; made when it does not exist.
        wait: seconds to wait for another holder.

    Raises:
        LockedError: another process held it all that time; the message names it.
    """
    deadline = time.monotonic() + wait
    while (file := try_lock(path)) is None:
        if time.monotonic() >= deadline:
            raise LockedError(
                held_by(
                    path.read_text(encoding="utf-8", errors="replace").strip(),
                    path=path,
                    waited=wait,
                )
            )
        time.sleep(POLL)
    with file:
        yield


def try_lock(path: Path) -> IO[str] | None:
    """Lock a file for this process alone, or return None when another holds it. Closing the file frees the lock."""
    file = path.open("a+", encoding="utf-8")
    if not _acquire(file.fileno(), is_shared=False):
        file.close()
        return None
    with suppress(OSError):  # a full disk: the number only serves messages
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
    return file


def is_locked(path: Path) -> bool:
    """Return whether somebody holds a lock file. Looking writes nothing, and is free when the file does not exist."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _acquire(descriptor, is_shared=True)
    finally:
        os.close(descriptor)


def held_by(pid: str, *, path: Path, waited: float) -> str:
    """Say which process holds a file, and what to do about it."""
    command = process_name(pid)
    who = (
        f"process {pid} ({command})" if command else f"process {pid}" if pid else "another process"
    )
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


if sys.platform == "win32":
    import msvcrt

    FAR = (
        2**30
    )  # the byte that is locked: beyond what the file holds, so that others can read who holds it

    def _acquire(
        descriptor: int, *, is_shared: bool
    ) -> bool:  # a shared lock is exclusive there, and held for an instant
        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:
    import fcntl

    def _acquire(descriptor: int, *, is_shared: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
