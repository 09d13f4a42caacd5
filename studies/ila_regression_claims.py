"""Claims and tables of `ila_regression.py`."""

from __future__ import annotations

from typing import Any

from ila_regression_fits import turning_point
from study import Claim, Table, joint_verdict, verdict


def claims(runs: list[dict[str, Any]], fits: dict[str, dict[str, Any]]) -> list[Claim]:
    """Return the claims, each with its verdict by the rule that it states."""
    names = ("depth", "coverage")
    plane, longer = fits["depth and coverage"], fits["and response tokens"]
    good = {
        fit: [f["coefficients"][n] < 0 and f["t"][n] < -2 for n in names]
        for fit, f in (("plane", plane), ("longer", longer))
    }
    turns = {
        name: turning_point(
            fits[f"and the square of {name}"], name, most=max(run[name] for run in runs)
        )
        for name in names
    }
    falls = [sign and turns[name] is None for name, sign in zip(names, good["plane"], strict=True)]
    explained = plane["loo_r2"] > 0 and any(good["plane"])
    text = "; ".join(
        f"log {n} {plane['coefficients'][n]:+.4f} (t = {plane['t'][n]:.1f})" for n in names
    )
    held = "; ".join(
        f"log {n} {longer['coefficients'][n]:+.4f} (t = {longer['t'][n]:.1f})"
        for n in (*names, "response_tokens")
    )
    return [
        Claim(
            "Dev loss falls with the depth and with the coverage of the training set.",
            "Both coefficients are negative and significant (section 3, figure 3).",
            f"{text}, {plane['n']} subsets; {describe_turns(runs, fits, turns)}",
            joint_verdict(falls),
            "Holds when both coefficients are negative with t below -2 and neither variable's "
            "square, with t above 2, turns the loss upwards within the range; in part when that "
            "is so of one.",
        ),
        Claim(
            "The two explain most of the dev loss.",
            "R^2 of 0.7 or more, with terms for the model's family; two variables alone explain "
            "less.",
            f"R^2 {plane['r2']:.3f}, leave-one-out {plane['loo_r2']:.3f}",
            verdict(holds=plane["loo_r2"] >= 0.7 and all(good["plane"]), in_part=explained),
            "Holds from a leave-one-out R^2 of 0.7 with both coefficients as claimed, in part "
            "where it is above 0 with one of them. One model and one size, so no family terms.",
        ),
        Claim(
            "It is not for the length of the answers.",
            "Not tested there.",
            f"with response tokens in the fit: {held}; R^2 {longer['r2']:.3f}, leave-one-out "
            f"{longer['loo_r2']:.3f}",
            joint_verdict(good["longer"]),
            "Holds when depth and coverage both stay negative with t below -2 beside the mean "
            "length, in part when one does.",
        ),
    ]


def describe_turns(
    runs: list[dict[str, Any]], fits: dict[str, dict[str, Any]], turns: dict[str, float | None]
) -> str:
    """Describe where the loss stops falling, and how the deepest band compares with the next."""
    groups: dict[tuple[float, int], dict[float, float]] = {}
    for run in runs:
        groups.setdefault((run["share"], run["seed"]), {})[run["low"]] = run["loss"]
    before, deepest = sorted({run["low"] for run in runs})[-2:]
    pairs = [
        (group[before], group[deepest])
        for group in groups.values()
        if {before, deepest} <= group.keys()
    ]
    worse = sum(last > first for first, last in pairs)
    parts = [
        f"with (log {name})^2 R^2 {fits[f'and the square of {name}']['r2']:.3f} and the least "
        f"loss at {name} {least:.2f}"
        for name, least in turns.items()
        if least is not None
    ]
    return "; ".join(
        [
            *parts,
            f"the deepest band is worse than the one before it in {worse} of {len(pairs)} groups",
        ]
    )


def fits_table(fits: dict[str, dict[str, Any]]) -> Table:
    """Return a row for each fit: coefficient and t of each variable, R^2 and leave-one-out R^2."""
    variables = ("depth", "coverage", "response_tokens", "depth^2", "coverage^2")

    def row(title: str, fit: dict[str, Any]) -> dict[str, Any]:
        cells = {
            n: f"{fit['coefficients'][n]:+.4f} (t {fit['t'][n]:+.1f})" if n in fit["t"] else ""
            for n in variables
        }
        return {
            "log loss on": title,
            **cells,
            "R^2": round(fit["r2"], 3),
            "leave-one-out R^2": round(fit["loo_r2"], 3),
        }

    return Table("Fits of log dev loss", [row(title, fit) for title, fit in fits.items()])


def subsets_table(runs: list[dict[str, Any]]) -> Table:
    """Return a row for each subset."""
    kept = (
        "share",
        "low",
        "seed",
        "n_members",
        "coverage",
        "depth",
        "negative",
        "response_tokens",
        "loss",
    )
    return Table("Subsets", [{name: round(run[name], 4) for name in kept} for run in runs])
