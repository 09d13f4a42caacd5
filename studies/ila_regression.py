"""ILA's regression: how much do coverage and depth of the training set explain of the dev loss?

Wu et al. 2025 (arXiv 2509.06463), figure 3.
"""

from __future__ import annotations

import numpy as np
from alpaca_pool import NEEDS, prepared, protocol
from ila_regression_claims import claims, fits_table, subsets_table
from ila_regression_figure import draw_plane
from ila_regression_fits import columns_of, fits_of
from ila_regression_runs import EPOCHS, one_run
from study import begin

SHARES = (0.18, 0.25, 0.35, 0.5, 0.7, 1.0)  # of the landscape's cells
LOWS = (0.0, 0.12, 0.24, 0.36, 0.48, 0.6)  # starts of the bands of depth, quantiles within a cell
BUDGET = 800


def main() -> None:
    """Draw the subsets, fine-tune on each, fit the plane, and write the findings."""
    study = begin(__file__, "ILA: coverage and depth explain dev loss", seeds=2)
    catalog, facts = prepared(study)
    shares = study.sized(SHARES, smoke=(0.4, 0.7, 1.0))
    lows = study.sized(LOWS, smoke=(0.0, 0.5))
    budget = study.sized(BUDGET, smoke=24)
    runs = [
        one_run(study, catalog, share=share, low=low, seed=seed, budget=budget)
        for seed in range(study.seeds)
        for share in shares
        for low in lows
    ]
    usable = [run for run in runs if run["depth"] > 0]
    columns = columns_of(usable)
    fits = fits_of(columns)
    plane = fits["depth and coverage"]
    draw_plane(study, columns, plane, seeds=np.array([run["seed"] for run in usable]))
    study.conclude(
        question="How much of a fine-tuned model's dev loss do two numbers of its training set "
        "explain, coverage and mean depth?",
        protocol=[
            *protocol(study, facts, epochs=EPOCHS),
            f"Subsets: {len(runs)} of {budget:,} members each, varied on purpose by "
            f"selectors/band.sql: {len(shares)} shares of the landscape's cells "
            f"({', '.join(map(str, shares))}, by draw) times {len(lows)} bands of depth within "
            f"each cell (from quantile {', '.join(map(str, lows))}, 0.4 wide), times "
            f"{study.seeds} seeds of the draw and of the order of training.",
            "Coverage: the share of the pool's non-empty cells that hold a member, on ILA's grid "
            "for this budget. Depth: the mean.",
            f"A mean depth at or below zero has no logarithm: {len(runs) - len(usable)} subsets "
            "are left out for that. Single negative depths stay in the mean.",
            "Fit: least squares of log loss on log depth and log coverage; leave-one-out R^2 "
            "from the hat matrix. Beside it, a fit with the mean number of response tokens too, "
            "since subsets are equal in members and not in tokens; and fits with the square of "
            "one variable, which show where the loss stops falling.",
        ],
        claims=claims(usable, fits),
        tables=[fits_table(fits), subsets_table(runs)],
        needs=NEEDS,
        seconds=facts["seconds"] + sum(run["seconds"] for run in runs),
    )


if __name__ == "__main__":
    main()
