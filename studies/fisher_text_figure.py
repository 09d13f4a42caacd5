"""Figure of `fisher_text.py`: held-out loss by passages and by response tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
from fisher_text_claims import NAMES, values_of
from fisher_text_runs import METHODS, Size
from study import COLOURS, Study

LOOKS = {
    name: {"color": COLOURS[name]} for name in ("random", "fisher_sft", "density", "sensitivity")
} | {
    "by_length": {"color": COLOURS["fisher_sft"], "linestyle": ":"},
    "longest": {"color": "k", "linestyle": "--"},
    "same_tokens": {"color": COLOURS["random"], "linestyle": "--"},
}


def draw(study: Study, runs: list[dict[str, Any]], size: Size) -> None:
    """Draw held-out loss by the number of passages, and by the number of their tokens."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for method in METHODS:
        # (budgets, seeds)
        losses = np.array([values_of(runs, method, budget) for budget in size.budgets])
        means = losses.mean(axis=1)
        bars = np.abs(np.stack([losses.min(axis=1), losses.max(axis=1)]) - means)
        tokens = [values_of(runs, method, budget, "tokens").mean() for budget in size.budgets]
        for ax, positions in zip(axes, (size.budgets, tokens), strict=True):
            if not (method == "same_tokens" and ax is axes[0]):
                ax.errorbar(
                    positions,
                    means,
                    yerr=bars,
                    marker="o",
                    markersize=3,
                    linewidth=1.2,
                    label=NAMES.get(method, method),
                    **LOOKS[method],
                )
    for ax, what in zip(axes, ("passages", "response tokens"), strict=True):
        ax.axhline(values_of(runs, "base").mean(), color="grey", linewidth=0.8)
        ax.axhline(values_of(runs, "everything").mean(), color="k", linewidth=0.8)
        ax.set(xscale="log", xlabel=f"{what} that were chosen")
    axes[0].set_xticks(size.budgets, [str(budget) for budget in size.budgets])
    axes[0].set_xticks([], minor=True)
    axes[0].set_ylabel("held-out loss (nats a token)")
    axes[1].legend()
    study.picture(
        figure,
        caption=f"Held-out loss after equal steps; mean of {study.seeds} seeds, bars are the least "
        "and the greatest. Lines across: the base (grey) and all of the pool (black).",
    )
