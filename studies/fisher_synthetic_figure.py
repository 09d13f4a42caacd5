"""Figure of `fisher_synthetic.py`: error against the number of sentences."""

from __future__ import annotations

from typing import Any

import numpy as np
from fisher_synthetic_claims import errors_of
from fisher_synthetic_runs import METHODS, POOLS
from study import COLOURS, Study


def draw(study: Study, runs: list[dict[str, Any]], budgets: list[int]) -> None:
    """Draw error against the number of sentences, a column for each pool."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(2, len(POOLS), figsize=(11, 5.4), sharex=True)
    for column, pool in enumerate(POOLS):
        for row, metric in enumerate(("max", "mean")):
            ax = axes[row, column]
            for method in METHODS:
                errors = errors_of(runs, pool, method, metric)
                low, high = np.quantile(errors, [0.25, 0.75], axis=0)
                ax.fill_between(budgets, low, high, color=COLOURS[method], alpha=0.15, linewidth=0)
                ax.plot(
                    budgets,
                    np.exp(np.log(errors).mean(axis=0)),
                    color=COLOURS[method],
                    marker="o",
                    markersize=3,
                    label=method,
                )
            ax.set(xscale="log", yscale="log")
            if pool == "peaked":
                continue  # its errors do not fall
            last = np.exp(np.log(errors_of(runs, pool, "fisher_sft", metric)[:, -1]).mean())
            ax.plot(
                budgets,
                last * np.sqrt(budgets[-1] / np.array(budgets)) * 0.7,
                "k:",
                linewidth=1,
                label="slope -1/2",
            )
        axes[0, column].set_title(pool)
        axes[1, column].set_xlabel("sentences")
    axes[0, 0].set_ylabel("worst sentence's error")
    axes[1, 0].set_ylabel("mean error")
    axes[0, 0].legend()
    bands = f"geometric mean over {study.seeds} seeds, bands are its quartiles"
    study.picture(
        figure,
        caption=f"Prediction error of softmax regression against the number of sentences; {bands}. "
        "Dotted: slope -1/2.",
    )
