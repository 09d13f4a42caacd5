"""The memory that a process of its own took."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""Where a process starts that imports this module."""


def peak_kib() -> int:
    """Return the most KiB that this process held.

    ``ru_maxrss`` starts at the memory of the parent, so Linux's own figure is read where it is.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
        return int(line.split()[1])
    import resource  # of other systems than Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
