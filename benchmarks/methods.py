"""Time and memory of the methods beside the seeds at 50,000 members, beside the obvious peer.

Run: python benchmarks/methods.py [--rows N] [--only NAME ...] [--pairs N] [--json FILE]
     [--folder FOLDER]

A pool of planted texts, vectors, scores and losses is registered once, in --folder if given.
Each selection of 10 % and each peer runs in a process of its own, without caches, so that its peak
of memory is its own. A selection reads its signals from the catalog, checks the definition and
stores the subset; a peer has its arrays in memory. DSIR's peer needs data-selection; others need
what the catalog needs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from kept import kept
from method_peers import PEERS, is_there
from method_pool import N_ROWS, SETTINGS, SHARE, filled
from pairs import arguments, peak_gib, report

SECONDS, GIB = 120.0, 4.0  # the bars of methods without a peer


def main() -> int:
    """Measure every method, or run one side of one as a child process."""
    if len(sys.argv) == 5 and sys.argv[1] == "--child":
        _child(*sys.argv[2:])
        return 0
    options = arguments(
        __doc__ or "",
        pairs=1,
        rows={"type": int, "default": N_ROWS, "help": "members of the pool"},
        only={"nargs": "*", "default": [*SETTINGS], "help": "selectors to measure"},
        folder={"type": Path, "help": "folder that keeps the pool for another run"},
    )
    with _pool(options.folder, options.rows) as folder:
        rows = [
            kept(name, partial(_measured, folder, name, options)) for name in sorted(options.only)
        ]
    return report(rows, options.json)


def _what(name: str, n_rows: int) -> str:
    return f"{name}, {n_rows:,} members, {SHARE:.0%} of them"


@contextmanager
def _pool(given: Path | None, n_rows: int) -> Iterator[Path]:
    """Yield the folder of the pool, which is made if it is not there."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = given or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "arrays.npz").exists():  # it is written last
            filled(folder, n_rows)
        yield folder


def _measured(folder: Path, name: str, options: Any) -> dict[str, Any]:
    sides = {side: [] for side in ("ours", "theirs")}
    for turn in range(options.pairs):
        sides["ours"].append(_run("ours", name, folder, turn))
        if is_there(name):
            sides["theirs"].append(_run("theirs", name, folder, turn))
    ours, theirs = (_medians(sides[side]) for side in ("ours", "theirs"))
    row: dict[str, Any] = {"what": _what(name, options.rows)}
    peak = {"peak_gib": ours["gib"]}
    if not theirs:
        is_met = ours["seconds"] < SECONDS and ours["gib"] < GIB
        return (
            row | {"seconds": ours["seconds"], "bar_seconds": SECONDS} | peak | {"is_met": is_met}
        )
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(*sides.values(), strict=True)]
    return {
        **row,
        "peer": PEERS[name].what,
        "ours_seconds": ours["seconds"],
        "theirs_seconds": theirs["seconds"],
        "ratio": float(np.median(ratios)),
        "ratio_least": min(ratios),
        "ratio_greatest": max(ratios),
        "bar": 1.0,
        "our_gib": round(ours["gib"], 2),
        "their_gib": round(theirs["gib"], 2),
        "is_met": float(np.median(ratios)) >= 1 or ours["seconds"] < 5,
    }


def _medians(runs: list[dict[str, float]]) -> dict[str, float]:
    names = runs[0] if runs else ()
    return {name: float(np.median([run[name] for run in runs])) for name in names}


def _run(side: str, name: str, folder: Path, turn: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--child", f"{side}:{turn}", name, str(folder)]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return figures


def _child(side: str, name: str, folder: str) -> None:
    if side.startswith("theirs"):
        peer = PEERS[name]
        given = peer.read(Path(folder))
        started = time.perf_counter()
        peer.run(given)
    else:
        from catalog import Catalog

        catalog = Catalog.open(Path(folder) / "home", isolated=False)
        started = time.perf_counter()
        catalog.select(
            name,
            "pool",
            budget=f"{SHARE:.0%}",
            name=f"{name.replace('_', '-')}-{time.time_ns()}",
            settings=SETTINGS[name],
        )
    seconds = time.perf_counter() - started
    figures = {"seconds": seconds, "gib": peak_gib()}
    print(json.dumps(figures))  # noqa: T201 -- read by the parent


if __name__ == "__main__":
    sys.exit(main())
