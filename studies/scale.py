"""Scale: how do time and memory grow with the pool, for every verb that touches all members?

The pools have ten thousand, a hundred thousand and a million members.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from study import COLOURS, ROOT, Claim, Study, Table, begin, spread, verdict

STEP = Path(__file__).parent / "scale_step.py"
ORDER = (
    "register",
    "losses import",
    "scores import",
    "kmeans",
    "select s2l",
    "select ila",
    "select random",
    "sql",
    "log_det",
)
HUGE_ORDER = ("register", "losses import", "kmeans", "select s2l")
SIZES, HUGE = (10_000, 100_000, 1_000_000), 10_000_000
EMBEDDED = 10_000
LINES = dict(zip((*ORDER, "embed"), COLOURS.values(), strict=False))

# DESIGN's targets for a million on two cores, in seconds.
TARGETS = {
    "register": (16.7, "more than 60,000 records a second"),
    "kmeans": (10.0, "less than 10 seconds for 12 checkpoints and 100 clusters"),
    "select ila": (5.0, "less than 5 seconds after the projection"),
    "sql": (2.0, "interactive; here, less than 2 seconds"),
}

Runs = dict[tuple[str, int], list[dict[str, Any]]]


def main() -> None:
    """Measure step by step and size by size, and write the findings."""
    study = begin(
        __file__,
        "Scale: time and memory against the size of the pool",
        seeds=3,
        switches={"huge": "ten million too, where that can be"},
    )
    sizes = study.sized(SIZES, smoke=(500, 1000))
    if "huge" in study.switches and not study.is_smoke:
        sizes = (*sizes, HUGE)
    runs: Runs = {}
    for size in sizes:
        for repeat in range(study.seeds):
            measure(study, runs, size, repeat)
    claimed_size = study.sized(SIZES[-1], smoke=sizes[-1])
    slopes = {step: slope(runs, step, sizes) for step in ORDER}
    draw(study, runs)
    study.conclude(
        question="What do registering, importing, clustering, selecting and asking cost as a pool "
        "grows, and what bounds them?",
        protocol=[
            "Pool: generated instructions of 44 words, some 300 bytes a record, all different, "
            "in JSON Lines; generated trajectories of 12 checkpoints about 100 centres, a "
            "generated depth, and generated places on a map.",
            "Every step is a process of its own, one after the other on one catalog. The clock "
            "runs for the verb alone, with what it imports when first called; the peak is the "
            "whole process's resident memory.",
            f"Each size is measured {study.seeds} times, each time in a new catalog.",
            "`select ila` begins after the projection, from given places "
            "(selectors/ila_placed.sql). log_det is the kernel on an Arrow table of generated "
            "unit vectors, 128 numbers each, 1,000 chosen: a million embeddings cannot be "
            "computed here. `embed` is all-MiniLM-L6-v2 on "
            f"{study.sized(EMBEDDED, smoke=sizes[0]):,} prompts of 15 words.",
            "Slope: of log seconds against log size between the two largest sizes; 1 is linear.",
        ],
        claims=claims(runs, slopes, claimed_size),
        tables=[costs_table(runs), slopes_table(runs, slopes)],
        needs="Nothing; the disk takes 1 GB, and 10 GB with `--huge`.",
        seconds=sum(run["seconds"] for measured in runs.values() for run in measured),
    )


def measure(study: Study, runs: Runs, size: int, repeat: int) -> None:
    """Measure all steps at one size in a new catalog, and remove the catalog."""
    folder = study.work / "scale" / f"{size}-{repeat}"
    steps = list(HUGE_ORDER if size == HUGE else ORDER)
    if size == study.sized(EMBEDDED, smoke=500):
        steps.append("embed")
    for step in steps:
        result = study.run(
            {"step": step, "size": size, "repeat": repeat},
            lambda step=step: in_a_process(step, size, folder),
        )
        runs.setdefault((step, size), []).append(result)
    shutil.rmtree(folder, ignore_errors=True)


def in_a_process(step: str, size: int, folder: Path) -> dict[str, float]:
    """Run one step in its own process; return its wall and processor seconds and its peak in MB."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    command = [
        sys.executable,
        *(f"-W{option}" for option in sys.warnoptions),
        str(STEP),
        step,
        str(size),
        str(folder),
    ]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if answer.returncode:
        raise RuntimeError(
            f"{step} at {size:,} failed ({answer.returncode}):\n{answer.stderr[-2000:]}"
        )
    return dict(json.loads(answer.stdout.splitlines()[-1]))


def median(runs: Runs, step: str, size: int, name: str) -> float:
    """Return the median over the repeats of one step at one size."""
    return float(np.median([run[name] for run in runs[step, size]]))


def slope(runs: Runs, step: str, sizes: Sequence[int]) -> float:
    """Return the slope of log seconds against log size, between a step's two largest sizes."""
    low, high = [size for size in sizes if (step, size) in runs][-2:]
    growth = median(runs, step, high, "wall") / median(runs, step, low, "wall")
    return float(np.log(growth) / np.log(high / low))


def bound(runs: Runs, step: str) -> str:
    """Describe what limits a step at its largest size, by its processor seconds per wall second."""
    size = max(size for name, size in runs if name == step)
    share = median(runs, step, size, "processor") / median(runs, step, size, "wall")
    if share < 0.7:
        return f"waiting, for the disk or for other processes ({share:.1f} cores busy)"
    return (
        f"one core ({share:.1f} busy)" if share < 1.4 else f"{share:.1f} of {os.cpu_count()} cores"
    )


def claims(runs: Runs, slopes: dict[str, float], size: int) -> list[Claim]:
    """Return the targets of the design, and the claim that nothing grows faster than the pool."""
    results = []
    for step, (seconds, target) in TARGETS.items():
        walls = [run["wall"] for run in runs[step, size]]
        middle = float(np.median(walls))
        results.append(
            Claim(
                f"`{step}` of {size:,} members: {target}.",
                "Our own target for a million on two cores.",
                f"{spread(walls, 2)} s, {size / middle:,.0f} members a second",
                verdict(holds=middle <= seconds, in_part=middle <= 2 * seconds),
                f"By the median of {len(walls)}: holds up to {seconds:g} s, in part up to twice "
                f"that. Bound by {bound(runs, step)}.",
            )
        )
    steepest = max(slopes, key=lambda step: slopes[step])
    results.append(
        Claim(
            "No step grows faster than the pool.",
            "Our own design: a linear pass, or n log n, over the members in every step.",
            "; ".join(f"{step} {value:.2f}" for step, value in slopes.items()),
            verdict(holds=slopes[steepest] <= 1.15, in_part=slopes[steepest] <= 1.3),
            "Slopes between the two largest sizes; holds up to 1.15, in part up to 1.3. The "
            f"steepest is {steepest}.",
        )
    )
    return results


def costs_table(runs: Runs) -> Table:
    """Return seconds and peaks, a row for each step and size."""
    rows = [
        {
            "step": step,
            "members": f"{size:,}",
            "seconds": spread([run["wall"] for run in measured], 2),
            "members a second": f"{size / median(runs, step, size, 'wall'):,.0f}",
            "cores busy": round(
                median(runs, step, size, "processor") / median(runs, step, size, "wall"), 2
            ),
            "peak MB": f"{median(runs, step, size, 'peak_mb'):,.0f}",
        }
        for (step, size), measured in sorted(
            runs.items(), key=lambda one: ((*ORDER, "embed").index(one[0][0]), one[0][1])
        )
    ]
    return Table("Time and peak memory", rows)


def slopes_table(runs: Runs, slopes: dict[str, float]) -> Table:
    """Return how each step grows, and what bounds it at its largest size."""
    return Table(
        "Growth",
        [
            {"step": step, "slope": round(value, 2), "bound by": bound(runs, step)}
            for step, value in slopes.items()
        ],
    )


def draw(study: Study, runs: Runs) -> None:
    """Draw seconds and peaks against the size, both on log axes."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    for step, colour in LINES.items():
        sizes = sorted(size for name, size in runs if name == step)
        for axis, name in zip(axes, ("wall", "peak_mb"), strict=True):
            values = [[run[name] for run in runs[step, size]] for size in sizes]
            middle = np.array([np.median(each) for each in values])
            errors = [
                middle - [min(each) for each in values],
                [max(each) for each in values] - middle,
            ]
            axis.errorbar(
                sizes,
                middle,
                yerr=errors,
                marker="o",
                markersize=3.5,
                linewidth=1.2,
                color=colour,
                label=step,
            )
    for axis, label in zip(axes, ("seconds", "peak memory of the process, MB"), strict=True):
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("members of the pool")
        axis.set_ylabel(label)
    axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
    study.picture(
        figure,
        caption=f"Time and memory against size; median of {study.seeds}, the bars from least to "
        "greatest.",
    )


if __name__ == "__main__":
    main()
