"""Figure of `s2l_theorem.py`: gradient distances, rank correlations and purities."""

from __future__ import annotations

from typing import Any

import numpy as np
from s2l_theorem_runs import (
    KINDS,
    STAGES,
    Size,
)
from study import COLOURS, Study

COLOUR_OF = {"trajectory": COLOURS["s2l"], "embedding": COLOURS["facility_location"]}


def draw(
    study: Study, runs: list[dict[str, Any]], purities: list[dict[str, Any]], size: Size
) -> None:
    """Draw gradient distances by tenths, rank correlations, and purity by number of clusters."""
    from matplotlib import pyplot

    figure, (left, middle, right) = pyplot.subplots(
        1, 3, figsize=(11, 3.4), width_ratios=(1, 1.3, 1)
    )
    draw_tenths(left, runs)
    draw_correlations(middle, runs)
    draw_purities(right, purities, size)
    study.picture(
        figure,
        caption="Left: mean distance of gradients for pairs ever farther apart. Middle: rank "
        f"correlations, bars are 95 % intervals from resampling the {runs[0]['sample']} "
        "instructions. Right: share of members in their cluster's majority source. One "
        f"proxy, {len(runs)} target(s) of a seed each.",
    )


def draw_tenths(axis: Any, runs: list[dict[str, Any]]) -> None:
    """Draw the mean gradient distance by tenth of the other distances."""
    for kind, colour in COLOUR_OF.items():
        for run in runs:
            tenths = np.array(run["end"][f"gradient distance by tenth of {kind} distance"])
            label = f"{kind} distance" if run is runs[0] else None
            axis.plot(
                range(1, 11),
                tenths / tenths.mean(),
                color=colour,
                marker="o",
                markersize=3,
                label=label,
            )
    axis.set(xlabel="pairs by distance, in tenths", ylabel="gradient distance / mean")
    axis.legend()


def draw_correlations(axis: Any, runs: list[dict[str, Any]]) -> None:
    """Draw each rank correlation with gradient distance, at both stages of the target."""
    for seed, run in enumerate(runs):
        for stage, marker in zip(STAGES, "os", strict=True):
            values = np.array([run[stage][name] for name in KINDS])
            places = np.arange(len(KINDS)) + 0.16 * (STAGES.index(stage) - 0.5) + 0.04 * seed
            bars = np.abs(values[:, 1:] - values[:, :1]).T
            label = stage if not seed else None
            axis.errorbar(
                values[:, 0],
                places,
                xerr=bars,
                fmt=marker,
                markersize=4,
                color="k" if stage == "end" else "grey",
                label=label,
            )
    axis.axvline(0, color="k", linewidth=0.5)
    axis.set(
        yticks=range(len(KINDS)),
        yticklabels=KINDS,
        xlabel="rank correlation with gradient distance",
    )
    axis.invert_yaxis()
    axis.legend(title="target")


def draw_purities(axis: Any, purities: list[dict[str, Any]], size: Size) -> None:
    """Draw purity by number of clusters, for both kinds of clusters and for shuffled sources."""
    for kind, colour in COLOUR_OF.items():
        axis.plot(
            size.ks,
            [values[kind] for values in purities],
            color=colour,
            marker="o",
            markersize=3,
            label=f"{kind} clusters",
        )
        axis.plot(
            size.ks,
            [values[f"{kind}, shuffled"] for values in purities],
            color=colour,
            linestyle=":",
            label="shuffled sources" if kind == "embedding" else None,
        )
    axis.set(xscale="log", xlabel="clusters", ylabel="purity by source", ylim=(None, 1.02))
    axis.set_xticks(size.ks, [str(k) for k in size.ks])
    axis.set_xticks([], minor=True)
    axis.legend()
