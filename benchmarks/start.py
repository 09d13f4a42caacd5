"""What a command of the catalog costs before it does anything: ``sql "SELECT 1"`` and ``--help``,
against the code of before, as whole processes.

Run: python benchmarks/start.py [--pairs N] [--json FILE]

The code of before is commit b0e4ee2, taken out of this repository's history. Each side has a
catalog of its own with one small pool. Both have been run once, so that compiled code is at hand.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from before import taken_out
from pairs import ROOT, alternate, arguments, report

BEFORE = "b0e4ee2"
COMMANDS = {'sql "SELECT 1"': (["sql", "SELECT 1"], 1.25), "--help": (["--help"], 1 / 0.6)}


def main() -> int:
    """Run every command of both sides in turn."""
    options = arguments(__doc__ or "", pairs=15)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = [ready(ROOT, folder), ready(taken_out(BEFORE, folder / "before"), folder)]
        rows = [row(*sides, what, *COMMANDS[what], pairs=options.pairs) for what in COMMANDS]
    return report(rows, options.json)


def ready(code: Path, folder: Path) -> Callable[[list[str]], float]:
    """Return a function that runs a command of this code and returns its processor's seconds."""
    home = folder / f"home-{code.name}"
    pool = folder / "pool.jsonl"
    pool.write_text(json.dumps({"instruction": "a question", "output": "an answer"}) + "\n")
    environment = os.environ | {"PYTHONPATH": str(code), "HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(command: list[str]) -> float:
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "catalog", "--home", str(home), *command],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )
        after = os.times()
        return (
            after.children_user
            + after.children_system
            - (before.children_user + before.children_system)
        )

    run(["register", str(pool), "--pool", "p"])
    for command, _ in COMMANDS.values():
        run(command)
    return run


def row(
    ours: Callable[[list[str]], float],
    theirs: Callable[[list[str]], float],
    what: str,
    command: list[str],
    bar: float,
    *,
    pairs: int,
) -> dict[str, Any]:
    """Return the figures of one command."""
    our_seconds, their_seconds, figures = alternate(
        lambda _: ours(command), lambda _: theirs(command), pairs=pairs
    )
    return {
        "what": f"{what}, whole processes",
        "peer": f"the code of {BEFORE}",
        **figures,
        "bar": bar,
        "ratio_processor": float(np.median(np.array(their_seconds) / np.array(our_seconds))),
        "is_met": figures["ratio"] >= bar,
    }


if __name__ == "__main__":
    sys.exit(main())
