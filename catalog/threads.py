"""How many processors and threads this process uses."""

from __future__ import annotations

import os


def n_processors() -> int:
    """Return the number of processors that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_threads() -> int:
    """Return the number of threads to use.

    ``OMP_NUM_THREADS`` if it is set, else the processors that this process may run on.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdigit() and int(asked) > 0:
        return int(asked)
    return n_processors()
