"""Claims and tables of `s2l_efficiency.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from s2l_efficiency_runs import METHODS, Size
from study import Claim, Table, joint_verdict, spread

Array = np.ndarray[Any, Any]
TOLERANCE = 0.02  # share of the full pool's dev loss that a subset may lie above it


def claims(runs: list[dict[str, Any]], size: Size) -> list[Claim]:
    """Return the claims; a method wins a comparison if it wins with every seed."""
    published = size.published
    needed = {method: shares_needed(runs, method, size) for method in METHODS}
    less = [mine < theirs for mine, theirs in zip(needed["s2l"], needed["random"], strict=True)]
    gap = {
        method: losses_of(runs, method, published) / losses_of(runs, "full", 100) - 1
        for method in ("s2l", "random")
    }
    reached = {
        method: [bool(value <= TOLERANCE) for value in values] for method, values in gap.items()
    }
    baselines = [method for method in METHODS if not method.startswith("s2l")]

    def lower(mine: str) -> list[bool]:
        return [
            bool((losses_of(runs, mine, share) < losses_of(runs, other, share)).all())
            for other in baselines
            for share in size.shares
        ]

    def best(percent: int) -> str:
        return min(METHODS, key=lambda method: losses_of(runs, method, percent).mean())

    needs = "; ".join(f"{method} {spread(values, 0)} %" for method, values in needed.items())
    return [
        Claim(
            "s2l needs less data than uniform sampling for the full pool's dev loss",
            "11 % of MathInstruct does what all of it does (abstract); equal steps",
            f"share needed to come within {TOLERANCE:.0%}: s2l {spread(needed['s2l'], 0)} %, "
            f"random {spread(needed['random'], 0)} %",
            joint_verdict(less),
            "rule: less for every seed; in part for some. By source: "
            f"{spread(needed['s2l_by_source'], 0)} %",
        ),
        Claim(
            f"{published} % chosen by s2l does what the full pool does",
            "11 % matches full data (abstract)",
            "dev loss above the full pool's by "
            + "; ".join(
                f"{spread((100 * values).tolist(), 1)} % ({method})"
                for method, values in gap.items()
            ),
            credited(reached["s2l"], reached["random"]),
            f"rule: within {TOLERANCE:.0%} for every seed, and a random {published} % is not; in "
            "part where a random one is too: then the choice is not what does it. A target from "
            f"scratch goes over its subset {100 / published:.0f} times; the paper's start from "
            "pretrained models",
        ),
        Claim(
            "s2l has a lower dev loss than every baseline at every budget",
            "+4.7 % average accuracy over the baselines (abstract)",
            f"lower in {sum(lower('s2l'))} of {len(lower('s2l'))} comparisons, by source in "
            f"{sum(lower('s2l_by_source'))}; lowest: "
            + ", ".join(f"{best(share)} at {share} %" for share in size.shares),
            joint_verdict(lower("s2l")),
            f"rule: lower for every seed in each comparison. Shares of the pool needed: {needs}",
        ),
    ]


def credited(mine: list[bool], chance: list[bool]) -> str:
    """Return the verdict on a choice's results: "holds in part" if chance reaches them too.

    >>> credited([True, True], [False, False]), credited([True, True], [True, True])
    ('holds', 'holds in part')
    >>> credited([False, False], [True, True])
    'does not hold'
    """
    if any(mine) and any(chance):
        return "holds in part"
    return joint_verdict(mine)


def tables(runs: list[dict[str, Any]], size: Size) -> list[Table]:
    """Return every number of the figure, and the composition of each method's choice."""
    sources = list(runs[0]["losses"])
    losses = [
        {"method": method}
        | {
            f"{share} %": spread(losses_of(runs, method, share).tolist())
            for share in (*size.shares, 100)
        }
        for method in METHODS
    ]
    first = [
        {"method": method}
        | {
            source: spread(losses_of(runs, method, size.shares[0], source).tolist())
            for source in sources
        }
        for method in METHODS
    ]
    pooled = list(runs[0]["sources"])
    chosen = [
        {
            "method": run["method"],
            "percent": run["percent"],
            "members": run["members"],
            "tokens a member": f"{run['tokens']:.0f}",
        }
        | {f"share of {source}": run["sources"].get(source, 0.0) for source in pooled}
        for run in runs
        if not run["seed"]
    ]
    return [
        Table("Dev loss, mean over sources: mean over seeds (least to greatest)", losses),
        Table(f"Dev loss of each source at {size.shares[0]} %", first),
        Table("What was chosen (first seed)", chosen),
    ]


def losses_of(
    runs: list[dict[str, Any]], method: str, percent: int, source: str | None = None
) -> Array:
    """Return dev losses, (seeds,): the mean over the sources, or those of one source."""
    if percent == 100:
        method = "full"
    selected = [run for run in runs if run["method"] == method and run["percent"] == percent]
    if source:
        return np.array([run["losses"][source] for run in selected])
    return np.array([run["loss"] for run in selected])


def shares_needed(runs: list[dict[str, Any]], method: str, size: Size) -> list[float]:
    """Return, for each seed, the percent of the pool at which a method reaches the full pool.

    A method reaches it when its loss first comes within TOLERANCE of the full pool's. Between two
    budgets the loss is taken as linear in the budget's logarithm.
    """
    percents = [*size.shares, 100]
    shares = []
    for losses in np.array([losses_of(runs, method, percent) for percent in percents]).T:
        goal = losses[-1] * (1 + TOLERANCE)
        first = int(np.argmax(losses <= goal))
        share = float(percents[first])
        if first:
            part = (losses[first - 1] - goal) / (losses[first - 1] - losses[first])
            share = float(
                np.exp(np.log(percents[first - 1]) + part * np.log(share / percents[first - 1]))
            )
        shares.append(share)
    return shares
