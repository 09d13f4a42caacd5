"""Figures of `ila_scaling.py`: dev loss against size, and depth against coverage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from ila_scaling_runs import METHODS, Numbers
from study import COLOURS, Study


def draw_losses(study: Study, budgets: Sequence[int], losses: Numbers, start: float) -> None:
    """Draw the paper's figure 4: loss against size, and beside it the difference from random."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.8))
    for method in METHODS:
        for axis, values in zip(
            axes, (losses[method], losses[method] - losses["random"]), strict=True
        ):
            axis.plot(
                budgets,
                values.mean(axis=0),
                color=COLOURS[method],
                marker="o",
                markersize=3.5,
                linewidth=1.4,
                label=method,
            )
            axis.fill_between(
                budgets,
                values.min(axis=0),
                values.max(axis=0),
                color=COLOURS[method],
                alpha=0.15,
                linewidth=0,
            )
    axes[0].set_ylabel("dev loss, nats a response token")
    axes[1].set_ylabel("dev loss minus random's with the same seed")
    for axis in axes:
        axis.set_xscale("log")
        axis.set_xticks(budgets, [f"{budget:,}" for budget in budgets], minor=False)
        axis.minorticks_off()
        axis.set_xlabel("instructions")
    axes[0].legend(loc="upper right")
    caption = (
        f"Dev loss of the fine-tuned base (before: {start:.3f}); mean of {study.seeds} seeds, "
        "the band from least to greatest."
    )
    study.picture(figure, caption=caption)


def draw_landscape(study: Study, budgets: Sequence[int], coverage: Numbers, depth: Numbers) -> None:
    """Draw the paper's figure 5: coverage and depth of each method's subsets.

    Larger subsets have larger marks.
    """
    from matplotlib import pyplot

    figure, axis = pyplot.subplots(figsize=(6, 3.8))
    sizes = np.linspace(20, 110, len(budgets))
    for method in METHODS:
        x, y = coverage[method].mean(axis=0), depth[method].mean(axis=0)
        axis.plot(x, y, color=COLOURS[method], linewidth=1, alpha=0.6)
        axis.scatter(x, y, s=sizes, color=COLOURS[method], label=method, linewidth=0)
    axis.set_xlabel("coverage, share of the pool's cells")
    axis.set_ylabel("mean depth")
    legend = axis.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    for handle in legend.legend_handles:
        handle.set_sizes([30])
    study.picture(
        figure,
        suffix="-landscape",
        caption="Coverage and depth of each method's subsets of "
        f"{', '.join(f'{b:,}' for b in budgets)} instructions (larger mark, larger subset); "
        f"mean of {study.seeds} seeds. Spread: in the tables.",
    )
