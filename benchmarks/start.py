"""What a command of the catalog costs before it does anything: ``sql "SELECT 1"``, ``--help`` and a
selection of 100 from 1,000 members, against the code of before, as whole processes.

Run: python benchmarks/start.py [--pairs N] [--json FILE]

The code of before is commit b0e4ee2, taken out of this repository's history. Each side has a
catalog of its own with one small pool. Both have been run once, so that compiled code is at hand.
The bars are those of the processor's seconds.

A selection misses its bar by what it needs: of about 0.74 s on an AMD EPYC, 0.45 s are imports
(the catalog 0.14, numpy 0.08, DuckDB 0.06, pyarrow 0.04), and 0.2 s the query, the subset and its
commit.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from before import taken_out
from kept import ROOT
from pairs import alternate, arguments, report, seconds_of

BEFORE = "b0e4ee2"
SELECT = "select random p --budget 100 --seed {turn} --as s{turn}"
COMMANDS = {'sql "SELECT 1"': 1.25, "--help": 1 / 0.6, SELECT: 2.0}
"""Each command, and how many times less it is to take."""

Run = Callable[[str], float]


def main() -> int:
    """Run every command of both sides in turn."""
    options = arguments(__doc__ or "", pairs=15)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sides = [ready(ROOT, folder), ready(taken_out(BEFORE, folder / "before"), folder)]
        rows = [row(*sides, what, bar, pairs=options.pairs) for what, bar in COMMANDS.items()]
    return report(rows, options.json)


def ready(code: Path, folder: Path) -> Run:
    """Return a function that runs a command of this code and returns its processor's seconds."""
    home = folder / f"home-{code.name}"
    pool = folder / "pool.jsonl"
    records = ({"instruction": f"question {row}", "output": "answer"} for row in range(1_000))
    pool.write_text("".join(json.dumps(record) + "\n" for record in records))
    environment = os.environ | {"PYTHONPATH": str(code), "HF_HUB_OFFLINE": "1"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(command: str) -> float:
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "catalog", "--home", str(home), *shlex.split(command)],
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

    run(f"register {pool} --pool p")
    for command in COMMANDS:
        run(command.format(turn=99))
    return run


def row(ours: Run, theirs: Run, what: str, bar: float, *, pairs: int) -> dict[str, Any]:
    """Return the figures of one command."""
    our_seconds, their_seconds, figures = alternate(
        lambda turn: ours(what.format(turn=turn)),
        lambda turn: theirs(what.format(turn=turn)),
        pairs=pairs,
    )
    processor = seconds_of(our_seconds, their_seconds)
    return {
        "what": f"{what.format(turn='N')}, whole processes",
        "peer": f"the code of {BEFORE}",
        **figures,
        "bar": bar,
        "ratio_processor": processor["ratio"],
        "is_met": processor["ratio"] >= bar,
    }


if __name__ == "__main__":
    sys.exit(main())
