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
    percents = [*size.shares, 100]
    full = losses_of(runs, "full", 100)
    left.axhspan(full.min(), full.max(), color="k", alpha=0.15, linewidth=0)
    left.axhline(
        full.mean() * (1 + TOLERANCE),
        color="k",
        linestyle=":",
        linewidth=1,
        label=f"full pool + {TOLERANCE:.0%}",
    )
    sources = list(runs[0]["losses"])
    for shift, method in enumerate(METHODS):
        losses = [losses_of(runs, method, percent) for percent in percents]
        means = np.array([values.mean() for values in losses])
        least = np.array([values.min() for values in losses])
        greatest = np.array([values.max() for values in losses])
        x = np.array(percents) * (1 + 0.012 * (shift - 3))
        left.errorbar(
            x,
            means,
            yerr=[means - least, greatest - means],
            color=COLOURS[method],
            marker="o",
            markersize=3,
            linewidth=1.2,
            label=method,
        )
        first = [
            losses_of(runs, method, size.shares[0], source)
            - losses_of(runs, "random", size.shares[0], source)
            for source in sources
        ]
        places = np.arange(len(sources)) + 0.11 * (shift - 3)
        right.bar(places, [values.mean() for values in first], width=0.1, color=COLOURS[method])
        right.vlines(
            places,
            [values.min() for values in first],
            [values.max() for values in first],
            color="k",
            linewidth=0.8,
        )
    left.set(
        xscale="log",
        xlabel="percent of the pool",
        ylabel="dev loss, mean over sources (nats a token)",
    )
    left.set_xticks(percents, [str(percent) for percent in percents])
    left.set_xticks([], minor=True)
    left.legend()
    right.axhline(0, color="k", linewidth=0.5)
    right.set(
        xticks=range(len(sources)),
        xticklabels=sources,
        ylabel=f"dev loss minus random's, at {size.shares[0]} %",
    )
    study.picture(
        figure,
        caption=f"Dev loss after equal steps. Mean of {study.seeds} seeds; bars are the least and "
        "the greatest, the band those of the full pool.",
    )
