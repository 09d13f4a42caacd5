"""The hours and dollars of one billion members, from what was measured on smaller pools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

MARKS = ("<!-- hours and dollars: made by studies/page.py -->", "<!-- end of hours and dollars -->")
N, WORKERS = 10**9, 64
M, PROCESSOR, GPU = 4.0, 0.05, 3.5
"""Dollars an hour of the driver's machine, of a worker's processor and of a worker's GPU."""

ON_M = (
    ("`register`, one process", "register", ""),
    ("`losses import`, 12 checkpoints", "losses import", ""),
    ("`kmeans` of trajectories, k = 100", "kmeans", ""),
    ("`select s2l`, a tenth", "select s2l", ""),
    ("`log_det`, 128 numbers, 1,000 chosen", "log_det", ", beyond the memory of M"),
    ("one aggregate in SQL", "sql", ""),
)
ON_GPUS = (
    ("`embed`, Alpaca, GPUs", 7_647, 1, ""),
    ("losses of 12 checkpoints, a model of 110M", 815, 12, " a pass, as `score perplexity`"),
    ("`states --max-tokens 32`, 110M", 386, 1, ""),
)
"""Each step's members a second, times it reads a member, and what the rate is of."""

HEAD = ("| step | measured, members a second | one billion | dollars |", "|---|---|---|---:|")


def hours_and_dollars(results: Path) -> str:
    """Return the table and what the driver itself can do, as Markdown."""
    scale = _scale(results)
    lines = [*HEAD, *(_on_m(step, scale[name][0], after) for step, name, after in ON_M)]
    lines += [_embed(*scale["embed"]), *(_on_gpus(*step) for step in ON_GPUS)]
    lines += [_near_duplicates(results), _map(results)]
    return "\n".join([*lines, "", *_driver(results)]) + "\n"


def _on_m(step: str, rate: float, after: str, link: str = "scale.json") -> str:
    hours = N / rate / 3600
    name = Path(link).stem.replace("_", " ")
    measured = f"{_rounded(rate)} ([{name}](../results/{link}))"
    return f"| {step} | {measured} | {_time(hours)} on M{after} | {_rounded(hours * M)} |"


def _embed(rate: float, busy: float) -> str:
    hours = N / rate * busy / 3600
    return (
        f"| `embed`, 15 words, processors | {rate:,.0f} on {busy} busy "
        f"([scale](../results/scale.json)) | {_on_workers(hours, 'processor')} "
        f"| {_rounded(hours * PROCESSOR)} + {_rounded(hours / WORKERS * M)} for M |"
    )


def _on_gpus(step: str, rate: int, n_passes: int, of: str) -> str:
    hours = N * n_passes / rate / 3600
    measured = f"{rate:,}{of} ([GPU](../how-to/gpu.md))"
    return f"| {step} | {measured} | {_on_workers(hours, 'GPU')} | {_rounded(hours * GPU)} |"


def _near_duplicates(results: Path) -> str:
    link = "benchmarks/near_duplicates_million.json"
    [row] = _rows(results / link)
    step, after = "`near_duplicates` of short prompts", ", beyond the memory of M"
    return _on_m(step, 1e6 / row["seconds"], after, link)


def _map(results: Path) -> str:
    link = "benchmarks/map_million.json"
    [row] = _rows(results / link)
    hours = N / 1e6 * row["cpu_seconds"] / 3600
    dollars = hours * PROCESSOR + hours / WORKERS * M
    return (
        f"| places on a map of 50,000 | {_rounded(1e6 / row['seconds'])} "
        f"([map million](../results/{link})) | {_on_workers(hours, 'processor')} "
        f"| {_rounded(dollars)} |"
    )


def _driver(results: Path) -> list[str]:
    rates = [row["members_a_second"] for row in _rows(results / "benchmarks" / "engine.json")[1:]]
    prompts, conversations = rates
    hours = [N / rate / 3600 for rate in rates]
    return [
        "The rates are those of two processors and mostly use one; M has 32 and kernels use all of",
        "them, so that its hours are upper bounds. The driver's own ceiling in signals is",
        f"{_rounded(prompts)} members a second of prompts and {_rounded(conversations)} of whole",
        "conversations, on two processors that it shares with its workers",
        "([engine](../results/benchmarks/engine.json); its bar is 150,000):",
        f"{hours[0]:.1f} and {hours[1]:.1f} h for a billion, whatever the number of workers, and",
        "the looks at the texts that come to it.",
    ]


def _scale(results: Path) -> dict[str, tuple[float, float]]:
    """Return each step's members a second and busy processors at the largest size it ran at."""
    tables = json.loads((results / "scale.json").read_text(encoding="utf-8"))["tables"]
    return {
        row["step"]: (float(row["members a second"].replace(",", "")), row["cores busy"])
        for row in tables[0]["rows"]
    }


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["rows"]
    return rows


def _on_workers(hours: float, kind: str) -> str:
    return f"{_rounded(hours)} {kind} hours: {_time(hours / WORKERS)} on {WORKERS} workers"


def _time(hours: float) -> str:
    """Return hours to two digits, or minutes below one hour.

    >>> _time(6.36), _time(42.1), _time(0.57)
    ('6.4 h', '42 h', '34 min')
    """
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.2g} h"


def _rounded(number: float) -> str:
    """Return a whole number of three digits at most, and zeros.

    >>> _rounded(43646.2), _rounded(25.46), _rounded(0.95)
    ('43,600', '25', '1')
    """
    return f"{float(f'{number:.3g}'):,.0f}" if number >= 100 else f"{number:.0f}"
