"""Memory and processor time of a process and all that it starts, read from Linux's /proc."""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType

TICKS = os.sysconf("SC_CLK_TCK")


class TreeMemory:
    """Watch of a tree of processes while a block runs.

    Attributes:
        peak: the most bytes that its processes held together; pages that several share count once
            (proportional set size).
        cpu_seconds: of all of them, also of those that ended, as far as they were seen.
    """

    def __init__(self, pid: int, *, every: float = 0.25) -> None:
        self.peak = 0
        self._pid, self._every = pid, every
        self._ticks: dict[int, int] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def cpu_seconds(self) -> float:
        """Return the seconds of processor time."""
        return sum(self._ticks.values()) / TICKS

    def __enter__(self) -> TreeMemory:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.is_set():
            started = time.monotonic()
            tree = _tree(self._pid)
            self.peak = max(self.peak, sum(_bytes(pid) for pid in tree))
            for pid in tree:
                self._ticks[pid] = max(self._ticks.get(pid, 0), _ticks(pid))
            look = time.monotonic() - started  # grows with the memory of the processes
            self._ended.wait(max(self._every, 20 * look))


def _tree(root: int) -> set[int]:
    """Return a process and all below it."""
    parents = {
        int(entry.name): parent
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (parent := _number(entry, 1))
    }
    found, size = {root}, 0
    while len(found) > size:
        size = len(found)
        found |= {pid for pid, parent in parents.items() if parent in found}
    return found


def _number(process: Path, place: int) -> int:
    """Return a number of ``stat`` after the name of the process; 0 if it ended."""
    with suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[place])
    return 0


def _ticks(pid: int) -> int:
    """Return the processor time in user and in kernel mode."""
    process = Path(f"/proc/{pid}")
    return _number(process, 11) + _number(process, 12)


def _bytes(pid: int) -> int:
    """Return the proportional set size; 0 of a process that ended."""
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return sum(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))
    return 0
