"""Locks on files: held while a file is open, and freed by the kernel when their holder dies.

DuckDB admits one writing process, and concurrent upserts in LanceDB duplicate keys. So a process
holds the catalog's lock while it commits, for milliseconds, and never while it computes. A killed
process leaves nothing to clean. A lock belongs to an open file, not to a process number, so it also
holds between containers that cannot see each other's processes.

The package ``filelock`` (4.2) does not serve here, for three reasons. A reader must look at a lock
without taking it, creating it or writing, also on a medium that is read-only, and its locks have no
shared look. The holder's process number must stand in the file for the message. And where a file
system has no ``flock`` it changes to a lock that outlives a killed holder, while this module fails.
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
from catalog.messages import argument

POLL = 0.02
"""Seconds between two attempts to take a lock that another process holds."""


@contextmanager
def locked(path: Path, *, wait: float) -> Iterator[None]:
    """Hold a lock file.

    Args:
        path: the lock file; created when it does not exist.
        wait: seconds to wait for another holder.

    Raises:
        LockedError: another process held it all that time; the message names the process.
    """
    deadline = time.monotonic() + wait
    while (file := try_lock(path)) is None:
        if time.monotonic() >= deadline:
            pid = path.read_text(encoding="utf-8", errors="replace").strip()
            raise LockedError(held_by(pid, path=path, waited=wait))
        time.sleep(POLL)
    with file:
        yield


def try_lock(path: Path) -> IO[str] | None:
    """Lock a file for this process alone, or return None when another process holds it.

    Closing the file frees the lock.
    """
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
    """Return whether a process holds a lock file; False when the file does not exist.

    The check writes nothing.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _acquire(descriptor, is_shared=True)
    finally:
        os.close(descriptor)


def held_by(pid: str, *, path: Path, waited: float) -> str:
    """Return a message that names the process that holds a file, and what to do about it."""
    holder = f"process {pid}" if pid else "another process"
    command = process_name(pid)
    if command:
        holder += f" ({command})"
    return (
        f"{path} is held by {holder}, and was for {waited:.0f} s: wait for it, stop it, "
        f"or wait longer with {argument('wait', flag='--wait SECONDS')}"
    )


def process_name(pid: str) -> str:
    """Return the command line of a process on this machine, or "" when it cannot be seen."""
    if not pid.isdigit():
        return ""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return " ".join(raw.replace(b"\0", b" ").decode(errors="replace").split())[:120]


if sys.platform == "win32":
    FAR = 2**30
    """The byte that is locked: beyond the content, so that others can read the holder's number."""

    def _acquire(descriptor: int, *, is_shared: bool) -> bool:
        """Lock a byte; a shared lock is exclusive on Windows, and held for an instant."""
        import msvcrt

        os.lseek(descriptor, FAR, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(descriptor, 0, os.SEEK_SET)
        return True

else:

    def _acquire(descriptor: int, *, is_shared: bool) -> bool:
        import fcntl

        mode = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
