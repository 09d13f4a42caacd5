"""Claims and tables of `fisher_synthetic.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
from fisher_synthetic_runs import METHODS, POOLS
from study import Claim, Table, interval, joint_verdict, spread

Array = np.ndarray[Any, Any]
ASYMPTOTIC = 100  # sentences from which a slope is taken: with fewer, some words are rare


def errors_of(runs: list[dict[str, Any]], pool: str, method: str, metric: str = "max") -> Array:
    """Return the errors of one method on a pool, (seeds, budgets)."""
    return np.array([run[method][metric] for run in runs if run["pool"] == pool])


def slopes(errors: Array, budgets: list[int]) -> list[float]:
    """Return each seed's slope of log error against log n, from :data:`ASYMPTOTIC` sentences on."""
    late = [place for place, budget in enumerate(budgets) if budget >= ASYMPTOTIC]
    late = late or list(range(len(budgets)))
    log_n = np.log([budgets[place] for place in late])
    return [float(np.polyfit(log_n, np.log(run[late]), 1)[0]) for run in errors]


def ratio(
    runs: list[dict[str, Any]], pool: str, method: str, place: int, metric: str = "max"
) -> tuple[float, float, float]:
    """Return FisherSFT's error over another method's at one budget.

    Returns:
        The geometric mean over seeds, and both ends of its 95 % bootstrap interval.
    """
    ours = errors_of(runs, pool, "fisher_sft", metric)[:, place]
    theirs = errors_of(runs, pool, method, metric)[:, place]
    logs = np.log(ours / theirs)
    resamples = np.random.default_rng(0).integers(0, len(logs), size=(2000, len(logs)))
    low, high = np.quantile(logs[resamples].mean(axis=1), [0.025, 0.975])
    return float(np.exp(logs.mean())), float(np.exp(low)), float(np.exp(high))


def claims(runs: list[dict[str, Any]], budgets: list[int], later: list[int]) -> list[Claim]:
    """Return the claims; a gain counts where the 95 % interval of the error ratio lies below 1."""
    names = ", ".join(str(budgets[place]) for place in later)

    def gains(pool: str, methods: tuple[str, ...], metric: str) -> list[bool]:
        return [
            ratio(runs, pool, method, place, metric)[2] < 1 for method in methods for place in later
        ]

    def at_end(pool: str, method: str = "random") -> str:
        worst, mean = (ratio(runs, pool, method, -1, metric) for metric in ("max", "mean"))
        return f"max {interval(worst)}, mean {interval(mean)}"

    errors = {pool: errors_of(runs, pool, "fisher_sft") for pool in ("isotropic", "skewed", "zipf")}
    fits = {pool: slopes(error, budgets) for pool, error in errors.items()}
    near = [abs(float(np.mean(fit)) + 0.5) <= 0.1 for fit in fits.values()]
    absent = [ratio(runs, "peaked", "random", -1, metric)[2] >= 1 for metric in ("max", "mean")]
    worst = gains("skewed", ("random",), "max")
    rest = METHODS[2:]
    end = budgets[-1]
    return [
        Claim(
            "where most sentences lie in a subspace, predictions are better than after uniform "
            "sampling, in the worst case and on average",
            "lower maximum and mean error at every budget (synthetic experiment)",
            f"error over uniform's at n = {end}: {at_end('skewed')}; isotropic "
            f"{at_end('isotropic')}; zipf {at_end('zipf')}",
            joint_verdict([*worst, *gains("skewed", ("random",), "mean")]),
            f"rule: below 1 at n = {names}, both errors, intervals over seeds. Maximum: "
            f"{joint_verdict(worst)}. The rare directions are what it takes first; the mean is "
            "mostly that of the nine tenths in the subspace",
        ),
        Claim(
            "its worst case is also better than that of density and sensitivity sampling there",
            "lower maximum error than both (synthetic experiment)",
            "; ".join(
                f"over {method}'s at n = {end}: {at_end('skewed', method)}" for method in rest
            ),
            joint_verdict(gains("skewed", rest, "max")),
            "rule: as above, for both; the two see a sentence's mean vector only. On isotropic: "
            f"{joint_verdict(gains('isotropic', rest, 'max'))}",
        ),
        Claim(
            "the maximum error falls as n^-1/2",
            "O(1/sqrt(n)) (its main theorem)",
            "slope " + "; ".join(f"{pool} {spread(fit, 2)}" for pool, fit in fits.items()),
            joint_verdict(near),
            f"rule: the mean slope from n = {ASYMPTOTIC} on is within 0.1 of -1/2 on each of the "
            "three; spread over seeds",
        ),
        Claim(
            "the gain is absent where the softmax is very peaked",
            "its bound rests on a softmax covariance that is bounded away from 0",
            f"error over uniform's on the peaked pool at n = {end}: {at_end('peaked')}",
            joint_verdict(absent),
            "rule: the interval reaches 1, for maximum and for mean; with logits that spread by "
            "10 nats the ridge shortens the estimate, whatever was chosen",
        ),
    ]


def tables(runs: list[dict[str, Any]], budgets: list[int]) -> list[Table]:
    """Return every number of the figure, as ratios and as errors."""
    ratios = [
        {"pool": pool, "error": metric, "FisherSFT over": method}
        | {
            f"n = {budget}": interval(ratio(runs, pool, method, place, metric))
            for place, budget in enumerate(budgets)
        }
        for pool in POOLS
        for metric in ("max", "mean")
        for method in METHODS[1:]
    ]
    errors = [
        {
            "pool": pool,
            "method": method,
            "slope": spread(slopes(errors_of(runs, pool, method), budgets), 2),
        }
        | {
            f"n = {budget}": f"{np.exp(np.log(errors_of(runs, pool, method)[:, place]).mean()):.1f}"
            for place, budget in enumerate(budgets)
        }
        for pool in POOLS
        for method in METHODS
    ]
    return [
        Table(
            "FisherSFT's error over another method's: geometric mean over seeds [95 % interval]; "
            "below 1 is better",
            ratios,
        ),
        Table(
            f"Maximum error, and the slope of its logarithm against log n from n = {ASYMPTOTIC} "
            "on (mean, least, greatest)",
            errors,
        ),
    ]
