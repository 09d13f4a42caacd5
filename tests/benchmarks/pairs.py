"""Time two ways of doing one thing in turn, so that what else the machine does hits both."""

# ruff: noqa: T201 -- what it prints is what it is for
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def alternate(ours: Callable[[int], Any], theirs: Callable[[int], Any], *, pairs: int) -> tuple[list[Any], list[Any], dict[str, float]]:
    """Run both ``pairs`` times, A B A B; each gets the number of its turn (for a seed).

    Returns:
        Our answers, their answers, and the figures: median seconds of both, and the ratio theirs / ours (above 1: ours is faster) as
        the median of the pairs with its least and greatest.
    """
    answers: tuple[list[Any], list[Any]] = ([], [])
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(pairs):
        for side, function in enumerate((ours, theirs)):
            start = time.perf_counter()
            answers[side].append(function(turn))
            seconds[side].append(time.perf_counter() - start)
    ratios = np.array(seconds[1]) / np.array(seconds[0])
    figures = {
        "ours_seconds": float(np.median(seconds[0])),
        "theirs_seconds": float(np.median(seconds[1])),
        "ratio": float(np.median(ratios)),
        "ratio_least": float(ratios.min()),
        "ratio_greatest": float(ratios.max()),
    }
    return answers[0], answers[1], figures


def report(rows: list[dict[str, Any]], path: Path | None) -> None:
    """Print rows of figures as a table, and write them to ``path`` as JSON where it is given."""
    names = list(rows[0])
    cells = [[f"{row[name]:.4g}" if isinstance(row[name], float) else str(row[name]) for name in names] for row in rows]
    widths = [max(len(name), *(len(line[i]) for line in cells)) for i, name in enumerate(names)]
    for line in [names, *cells]:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))
    if path:
        path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def arguments(description: str, *, pairs: int) -> argparse.Namespace:
    """The options that every benchmark takes: ``--json FILE`` and ``--pairs N``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--pairs", type=int, default=pairs, help="runs of each side")
    return parser.parse_args()
