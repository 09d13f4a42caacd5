"""Ten million generated members end to end in one catalog: seconds, memory and disk of each step,
and how they grow from ten thousand.

Run: python benchmarks/ten_million.py [--sizes 10000,100000,1000000,10000000] [--seconds N]
     [--folder FOLDER] [--json FILE]

Each step of each size is a process of its own, one after the other. A step that ended is not
repeated: run the script again to go on. It starts no step after ``--seconds`` (a step that runs is
never cut), prints what is left, and exits with 2 until all steps are done. ``--seconds 0`` only
prints. The folder keeps the catalogs and the record of every step; remove it to start again.
Ten million take some 12 GB of disk.

The members are prompts and answers of some 60 characters each; one in ten repeats the prompt five
records before it but for its first word. Trajectories have 12 checkpoints about 100 centres.
``embed`` is `catalog embed --engine ray` with a sentence-transformers model of static vectors (64
numbers a word), which the script saves as a folder. ``fisher_sft`` is its objective over one vector
a member by the stochastic optimizer, 1,000 chosen. ``ila`` lays out 50,000 members and places the
others by their nearest.

The bars: no step holds more than 8 GiB (the larger of the peak of its own process and of the sum
of its tree of processes, in which shared pages count once), and none takes time that grows faster
than the pool (slope 1.15 of the processor's seconds between the largest two sizes, which other work
on the machine moves less than the clock's).

In the recorded run the machine had other work until ``embed`` of ten million, up to nine processes
beside it, so that those clocks say little. ``losses import`` misses its slope there, 1.18: it sorts
trajectories by fingerprint, whose n log n is 0.07 of that, and shared its caches.
"""

# ruff: noqa: T201 -- printing is its purpose
from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from kept import ROOT
from pairs import arguments, report
from ten_million_steps import STEPS
from tree_memory import TreeMemory

SIZES = "10000,100000,1000000,10000000"
FOLDER = "/tmp/ten_million"
BAR_GIB, BAR_SLOPE = 8.0, 1.15
MIB = 2**20

Row = dict[str, Any]


def measured(step: str, size: int, folder: Path) -> Row:
    """Run a step in its own process, and return what it took of the whole tree of processes."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    script = Path(__file__).parent / "ten_million_steps.py"
    command = [sys.executable, str(script), step, str(size), str(folder)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    memory = TreeMemory(process.pid)
    with memory:
        answer, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{step} at {size:,} failed with {process.returncode}")
    figures: Row = json.loads(answer.splitlines()[-1])
    figures["peak_gib"] = max(figures["peak_gib"], memory.peak / 2**30)
    figures["cpu_seconds"] = memory.cpu_seconds
    return figures | {"disk_mib": on_disk(folder / "catalog") / MIB}


def on_disk(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def slope(rows: dict[tuple[str, int], Row], step: str, size: int, column: str) -> float | None:
    """Return how a figure grows to a size from the one before, as a power of the members."""
    smaller = [each for name, each in rows if name == step and each < size]
    if not smaller:
        return None
    before = max(smaller)
    ratio = rows[step, size][column] / max(rows[step, before][column], 1e-9)
    return math.log(max(ratio, 1e-9)) / math.log(size / before)


def lines(rows: dict[tuple[str, int], Row]) -> list[Row]:
    """Return the rows of the report, with slopes and bars; the largest size decides on slopes."""
    largest = max((size for _, size in rows), default=0)
    found = []
    for (step, size), row in rows.items():
        slopes = {
            f"{column}_slope": slope(rows, step, size, column)
            for column in ("cpu_seconds", "peak_gib")
        }
        grows = size == largest and (slopes["cpu_seconds_slope"] or 0) > BAR_SLOPE
        is_met = row["peak_gib"] <= BAR_GIB and not grows
        known = {name: value for name, value in slopes.items() if value is not None}
        found.append({"what": step, "members": size, **row, **known, "is_met": is_met})
    return found


def main() -> int:
    options = arguments(
        __doc__ or "",
        sizes={"default": SIZES},
        seconds={"type": float, "default": 480.0},
        folder={"type": Path, "default": Path(FOLDER)},
    )
    started = time.monotonic()
    rows: dict[tuple[str, int], Row] = {}
    left: list[str] = []
    for size in map(int, options.sizes.split(",")):
        folder = options.folder / str(size)
        folder.mkdir(parents=True, exist_ok=True)
        for step in STEPS:
            record = folder / f"{step.replace(' ', '_')}.json"
            is_late = bool(left) or time.monotonic() - started >= options.seconds
            if not record.exists() and is_late:
                left.append(f"{step} at {size:,}")
                continue
            if not record.exists():
                print(f"{step} at {size:,} ...", file=sys.stderr, flush=True)
                record.write_text(json.dumps(measured(step, size, folder)))
            rows[step, size] = json.loads(record.read_text())
    status = report(lines(rows), options.json)
    if not left:
        return status
    print(f"left: {len(left)} steps, from {left[0]}; run the command again")
    return 2


if __name__ == "__main__":
    sys.exit(main())
