"""Time two sides in turn, so that other work on the machine affects both."""

# ruff: noqa: T201 -- printing is its purpose
from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from kept import ROOT, command, finish, finished, kept

from catalog.subsets.environment import environment

Array = np.ndarray[Any, Any]

DATA = Path(os.environ.get("CATALOG_TEST_DATA", ROOT.parent / "shared" / "data"))

_comparisons = itertools.count()  # every one of a command has a number


def alternate(
    ours: Callable[[int], Any], theirs: Callable[[int], Any], *, pairs: int
) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """Run both ``pairs`` times, A B A B; each gets the number of its turn (for a seed).

    Every pair is kept, with its answers: a command that ended early measures only what is left.

    Returns:
        Our answers, their answers, and the figures: median seconds of both, and the ratio
        theirs / ours (above 1: ours is faster). The ratio is the median of the pairs' ratios, with
        the least and the greatest.
    """
    number = next(_comparisons)

    def pair(turn: int) -> list[tuple[Any, float]]:
        return [_clocked(function, turn) for function in (ours, theirs)]

    turns = [kept(f"{number}-{turn}", partial(pair, turn)) for turn in range(pairs)]
    sides = [[turn[side][0] for turn in turns] for side in range(2)]
    seconds = [[turn[side][1] for turn in turns] for side in range(2)]
    return sides[0], sides[1], seconds_of(*seconds)


def _clocked(function: Callable[[int], Any], turn: int) -> tuple[Any, float]:
    start = time.perf_counter()
    answer = function(turn)
    return answer, time.perf_counter() - start


def seconds_of(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Return the figures of pairs of seconds, as `alternate` does of its own clock's."""
    ratios = np.array(theirs) / np.array(ours)
    return {
        "ours_seconds": float(np.median(ours)),
        "theirs_seconds": float(np.median(theirs)),
        "ratio": float(np.median(ratios)),
        "ratio_least": float(ratios.min()),
        "ratio_greatest": float(ratios.max()),
        "pairs": len(ratios),
    }


def topics(n: int, d: int, n_topics: int) -> Array:
    """Return unit vectors (n, d), float32, around topics, with a falling spectrum like texts'."""
    generator = np.random.default_rng(0)
    spectrum = 1 / np.sqrt(1 + np.arange(d) / 8)
    centres = generator.normal(size=(n_topics, d)) * spectrum
    x = centres[generator.integers(0, n_topics, n)]
    x = x + 0.7 * generator.normal(size=(n, d)) * spectrum
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32)


def table(vectors: Array) -> pa.Table:
    """Return vectors (n, d) as a kernel's input, with columns ``fingerprint`` and ``vector``.

    Fingerprints sort in the order of the rows.
    """
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.table({"fingerprint": [f"{row:06}" for row in range(len(vectors))], "vector": column})


def rows_chosen(answer: pa.Table) -> list[int]:
    """Return the row numbers in `table`'s input of an answer's rows."""
    return [int(fingerprint) for fingerprint in answer["fingerprint"].to_pylist()]


def timed(
    compute: Callable[[], pa.Table], *, seconds: float, gib: float, last: str, what: str
) -> dict[str, Any]:
    """Measure a computation without a peer: its time and this process's peak memory, against bars.

    Args:
        compute: the computation; it runs once.
        seconds: the bar of the time.
        gib: the bar of the memory.
        last: a column of the answer; the row shows its last value.
        what: the description of the computation.
    """

    def measured() -> dict[str, Any]:
        start, start_cpu = time.perf_counter(), time.process_time()
        answer = compute()
        return {
            "seconds": time.perf_counter() - start,
            "bar_seconds": seconds,
            "cpu_seconds": time.process_time() - start_cpu,
            "peak_gib": peak_gib(),
            "bar_gib": gib,
            last: answer[last].to_pylist()[-1],
        }

    figures = kept(f"{next(_comparisons)}", measured)
    is_met = figures["seconds"] < seconds and figures["peak_gib"] < gib
    return {"what": what, **figures, "is_met": is_met}


def members(names: Sequence[Any]) -> list[set[int]]:
    """Return the rows of each row's group, from the name of each row's group."""
    rows = defaultdict(set)
    for row, name in enumerate(names):
        rows[name].add(row)
    return [rows[name] for name in names]


def peak_gib() -> float:
    """Return the most memory that this process held.

    ``ru_maxrss`` starts at the memory of the parent, so Linux's own figure is read where it is.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
        return int(line.split()[1]) / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def report(rows: list[dict[str, Any]], path: Path | None) -> int:
    """Print rows of figures as a table; write them and the machine to ``path`` as JSON, if given.

    A row has ``what`` and its figures. ``is_met`` states whether it meets its bar and gives the
    same answer as the peer.

    Returns:
        The exit status: 0 if every row meets its bar, 1 otherwise.
    """
    finish(rows)
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[_cell(row.get(name, "")) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    for line in [names, *cells]:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    if path:
        name = Path(sys.argv[0]).stem
        document = {
            "name": name,
            "title": _title(),
            "command": _command(),
            "machine": environment(),
            "rows": rows,
        }
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return int(not all(row["is_met"] for row in rows))


def _command() -> str:
    """Return the command as a reader repeats it: paths of this machine by their last names."""
    return " ".join(
        Path(each).name if Path(each).is_absolute() else each for each in command("--json")
    )


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def arguments(description: str, *, pairs: int = 5, **others: Any) -> argparse.Namespace:
    """Parse the options of every benchmark, ``--json FILE`` and ``--pairs N``, and its own options.

    A command whose rows are kept reports them and ends here.

    Args:
        description: the benchmark's docstring.
        pairs: the default number of runs of each side.
        others: further options by name, each with its arguments for ``add_argument``.
    """
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="file for the figures")
    parser.add_argument("--pairs", type=int, default=pairs, help="runs of each side")
    for name, option in others.items():
        parser.add_argument(f"--{name}", **option)
    options = parser.parse_args()
    measured = finished()
    if measured is not None:
        sys.exit(report(measured, options.json))
    return options


def alpaca_file() -> Path:
    """Return the path of the Alpaca file in ``CATALOG_TEST_DATA`` or in ``../shared/data``."""
    path = DATA / "alpaca52k" / "alpaca_data.json"
    if not path.exists():
        sys.exit(
            f"Missing file {path}: set CATALOG_TEST_DATA to a folder with "
            "alpaca52k/alpaca_data.json."
        )
    return path


def alpaca() -> list[dict[str, str]]:
    """Read the records of the Alpaca file."""
    records: list[dict[str, str]] = json.loads(alpaca_file().read_text(encoding="utf-8"))
    return records


def _title() -> str:
    """Return the first paragraph of the benchmark's docstring, in a line."""
    first = (sys.modules["__main__"].__doc__ or "").strip().split("\n\n")[0]
    return " ".join(first.split())
