"""The memory that a process may take while DuckDB runs SQL that others wrote.

DuckDB's own limit counts its buffers. A value that one function makes, such as ``repeat('x',
4000000000)``, and an Arrow answer are beside them. Where the system has a limit of address space
(Linux), it holds both: the allocation fails, and DuckDB reports that it is out of memory. Elsewhere
DuckDB's own limit is the only one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLACK = 512 * 2**20
"""Bytes beyond the limit: code, the reader of an Arrow stream, other allocations of the process."""

SLACK_PER_THREAD = 128 * 2**20
"""Bytes of address space that the C library reserves for a thread's allocations."""

_STATM = Path("/proc/self/statm")
_holding = threading.Lock()


def is_enforced() -> bool:
    """Return whether this system limits a process's address space."""
    return _STATM.exists()


@contextmanager
def bounded(n_bytes: int | None) -> Iterator[None]:
    """Limit what this process maps in the block to ``n_bytes`` and the slack beyond what it has.

    The limit holds for every thread of the process, so computations that need memory of their own
    run outside the block. A block inside another one, or beside it in another thread, keeps the
    limit that is there.

    Args:
        n_bytes: None sets no limit.
    """
    if n_bytes is None or not is_enforced() or not _holding.acquire(blocking=False):
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        limit = _mapped() + n_bytes + SLACK + SLACK_PER_THREAD * (os.cpu_count() or 1)
        if resource.RLIM_INFINITY not in (soft, hard):
            limit = min(limit, soft)
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        _holding.release()


def _mapped() -> int:
    """Return the bytes of address space that this process has."""
    return int(_STATM.read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
