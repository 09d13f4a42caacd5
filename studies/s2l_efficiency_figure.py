"""Figure of `s2l_efficiency.py`: dev loss by budget, and by source at the smallest budget."""

from __future__ import annotations

from typing import Any

import numpy as np
from s2l_efficiency_claims import TOLERANCE, losses_of
from s2l_efficiency_runs import METHODS, Size
from study import COLOURS, Study


def draw(study: Study, runs: list[dict[str, Any]], size: Size) -> None:
    """Draw dev loss by budget, and by source at the smallest budget."""
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), width_ratios=(1.2, 1))
    draw_budgets(left, runs, size)
    draw_sources(right, runs, size)
    study.picture(
        figure,
        caption=f"Dev loss after equal steps. Mean of {study.seeds} seeds; bars are the least and "
        "the greatest, the band those of the full pool.",
    )


def draw_budgets(axis: Any, runs: list[dict[str, Any]], size: Size) -> None:
    """Draw each method's dev loss against the budget, beside the full pool's."""
    percents = [*size.shares, 100]
    full = losses_of(runs, "full", 100)
    axis.axhspan(full.min(), full.max(), color="k", alpha=0.15, linewidth=0)
    axis.axhline(
        full.mean() * (1 + TOLERANCE),
        color="k",
        linestyle=":",
        linewidth=1,
        label=f"full pool + {TOLERANCE:.0%}",
    )
    for shift, method in enumerate(METHODS):
        losses = [losses_of(runs, method, percent) for percent in percents]
        means = np.array([values.mean() for values in losses])
        least = np.array([values.min() for values in losses])
        greatest = np.array([values.max() for values in losses])
        axis.errorbar(
            np.array(percents) * (1 + 0.012 * (shift - 3)),
            means,
            yerr=[means - least, greatest - means],
            color=COLOURS[method],
            marker="o",
            markersize=3,
            linewidth=1.2,
            label=method,
        )
    axis.set(
        xscale="log",
        xlabel="percent of the pool",
        ylabel="dev loss, mean over sources (nats a token)",
    )
    axis.set_xticks(percents, [str(percent) for percent in percents])
    axis.set_xticks([], minor=True)
    axis.legend()


def draw_sources(axis: Any, runs: list[dict[str, Any]], size: Size) -> None:
    """Draw each method's dev loss minus random's by source, at the smallest budget."""
    smallest = size.shares[0]
    sources = list(runs[0]["losses"])
    for shift, method in enumerate(METHODS):
        gaps = [
            losses_of(runs, method, smallest, source) - losses_of(runs, "random", smallest, source)
            for source in sources
        ]
        places = np.arange(len(sources)) + 0.11 * (shift - 3)
        axis.bar(places, [gap.mean() for gap in gaps], width=0.1, color=COLOURS[method])
        least, greatest = [gap.min() for gap in gaps], [gap.max() for gap in gaps]
        axis.vlines(places, least, greatest, color="k", linewidth=0.8)
    axis.axhline(0, color="k", linewidth=0.5)
    axis.set(
        xticks=range(len(sources)),
        xticklabels=sources,
        ylabel=f"dev loss minus random's, at {smallest} %",
    )
