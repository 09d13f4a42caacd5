"""ILA's regression (Wu et al. 2025, arXiv 2509.06463, figure 3): dev loss explained by the coverage and the depth of the training set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from alpaca_pool import NEEDS, prepared, protocol, tuned_loss
from study import COLOURS, Claim, Study, Table, begin

from catalog import Catalog

BAND = Path(__file__).parent / "selectors" / "band.sql"
SHARES = (0.18, 0.25, 0.35, 0.5, 0.7, 1.0)  # of the landscape's cells
LOWS = (
    0.0,
    0.12,
    0.24,
    0.36,
    0.48,
    0.6,
)  # where the band of depths begins, a quantile within the cell
BUDGET, EPOCHS = 800, 2
# Which of the cells that the selector saw hold a member: the very grid, and the mean depth of the
# members.
MEASURE = """
WITH landscape AS (
    SELECT instruction_id, fingerprint, x, y
    FROM project(
        (SELECT instruction_id, fingerprint, vector FROM embeddings('alpaca')),
        method => $projection, perplexity => 30.0, seed => 42
    )
),
cells AS (
    SELECT instruction_id, cell
    FROM grid((SELECT instruction_id, fingerprint, x, y FROM landscape), budget => $size)
)
SELECT
    (SELECT count(DISTINCT cell) FROM cells JOIN subset($subset) USING (instruction_id)) / (SELECT count(DISTINCT cell) FROM cells),
    (SELECT avg(value) FROM score($subset, name => 'depth')),
    (SELECT avg((value < 0)::INT) FROM score($subset, name => 'depth'))
"""


def main() -> None:
    """Draw the subsets, fine-tune on each, fit the plane, conclude."""
    study = begin(__file__, "ILA: coverage and depth explain dev loss", seeds=2)
    catalog, facts = prepared(study)
    shares, lows, budget = (
        ((0.4, 0.7, 1.0), (0.0, 0.5), 24) if study.is_smoke else (SHARES, LOWS, BUDGET)
    )
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


def one_run(
    study: Study, catalog: Catalog, *, share: float, low: float, seed: int, budget: int
) -> dict[str, Any]:
    """One subset: its share of cells and band of depths, what it came to, and the dev loss of the base tuned on it."""
    projection = "pca" if study.is_smoke else "tsne"

    def run() -> dict[str, Any]:
        name = f"band_{round(100 * share)}_{round(100 * low)}_{seed}"
        settings = {"share": share, "low": low, "projection": projection}
        selected = catalog.select(
            str(BAND), "alpaca", budget=budget, name=name, settings=settings, seed=seed
        )
        if selected.n_members < budget:
            raise RuntimeError(
                f"{name} has {selected.n_members:,} members and not {budget:,}: a share of "
                f"{share} is too small for this pool"
            )
        asked = {"subset": name, "size": budget, "projection": projection}
        ((coverage, depth, negative),) = catalog.sql(MEASURE, parameters=asked).rows()
        measured = {
            "n_members": selected.n_members,
            "coverage": coverage,
            "depth": depth,
            "negative": negative,
        }
        return tuned_loss(catalog, name, epochs=EPOCHS, seed=seed) | measured

    key = {"share": share, "low": low, "seed": seed, "budget": budget}
    return key | study.run(key, run)


def fitted(y: np.ndarray[Any, Any], predictors: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
    """Least squares with an intercept: coefficients and t-values by name, R^2, and R^2 of leaving one out."""
    x = np.column_stack([np.ones(len(y)), *predictors.values()])  # (n, p)
    inverse = np.linalg.pinv(x.T @ x)
    beta = inverse @ x.T @ y
    residual = y - x @ beta
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    total = float(((y - y.mean()) ** 2).sum())
    deviation = np.sqrt(np.diag(inverse) * (residual @ residual) / max(1, len(y) - x.shape[1]))
    names = ["intercept", *predictors]
    return {
        "coefficients": dict(zip(names, beta.tolist(), strict=True)),
        "t": dict(zip(names, (beta / np.maximum(deviation, 1e-30)).tolist(), strict=True)),
        "r2": 1 - float(residual @ residual) / total,
        # Without its own row a prediction's error is the residual over 1 - leverage, and the mean
        # moves by n / (n - 1).
        "loo_r2": 1
        - float(((residual / (1 - leverage)) ** 2).sum()) / (total * (len(y) / (len(y) - 1)) ** 2),
        "n": len(y),
    }


def columns_of(runs: list[dict[str, Any]]) -> dict[str, np.ndarray[Any, Any]]:
    """The variables of the fits, each a logarithm, and the squares of two of them."""
    columns = {
        name: np.log([run[name] for run in runs])
        for name in ("loss", "depth", "coverage", "response_tokens")
    }
    return columns | {f"{name}^2": columns[name] ** 2 for name in ("depth", "coverage")}


def fits_of(columns: dict[str, np.ndarray[Any, Any]]) -> dict[str, dict[str, Any]]:
    """Every fit of the log loss by its title."""
    both = ("depth", "coverage")
    predictors = {
        "depth and coverage": both,
        "and response tokens": (*both, "response_tokens"),
        "and the square of depth": (*both, "depth^2"),
        "and the square of coverage": (*both, "coverage^2"),
        **{f"{name} alone": (name,) for name in (*both, "response_tokens")},
    }
    return {
        title: fitted(columns["loss"], {name: columns[name] for name in names})
        for title, names in predictors.items()
    }


def claims(runs: list[dict[str, Any]], fits: dict[str, dict[str, Any]]) -> list[Claim]:
    """The paper's statements about the fit, each judged by the rule beside it."""
    names = ("depth", "coverage")
    plane, longer = fits["depth and coverage"], fits["and response tokens"]
    good = {
        fit: [f["coefficients"][n] < 0 and f["t"][n] < -2 for n in names]
        for fit, f in (("plane", plane), ("longer", longer))
    }
    turns = {
        name: turn(fits[f"and the square of {name}"], name, most=max(run[name] for run in runs))
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
            f"{text}, {plane['n']} subsets; {turned(runs, fits, turns)}",
            _verdict(falls),
            "Holds when both coefficients are negative with t below -2 and neither variable's "
            "square, with t above 2, turns the loss upwards within the range; in part when that "
            "is so of one.",
        ),
        Claim(
            "The two explain most of the dev loss.",
            "R^2 of 0.7 or more, with terms for the model's family; two variables alone explain "
            "less.",
            f"R^2 {plane['r2']:.3f}, leave-one-out {plane['loo_r2']:.3f}",
            "holds"
            if plane["loo_r2"] >= 0.7 and all(good["plane"])
            else "holds in part"
            if explained
            else "does not hold",
            "Holds from a leave-one-out R^2 of 0.7 with both coefficients as claimed, in part "
            "where it is above 0 with one of them. One model and one size, so no family terms.",
        ),
        Claim(
            "It is not for the length of the answers.",
            "Not tested there.",
            f"with response tokens in the fit: {held}; R^2 {longer['r2']:.3f}, leave-one-out "
            f"{longer['loo_r2']:.3f}",
            _verdict(good["longer"]),
            "Holds when depth and coverage both stay negative with t below -2 beside the mean "
            "length, in part when one does.",
        ),
    ]


def turn(fit: dict[str, Any], name: str, *, most: float) -> float | None:
    """Where the loss stops falling with a variable and rises again, if that is below its greatest value.

    >>> fit = {"coefficients": {"depth": 0.2, "depth^2": 0.1}, "t": {"depth^2": 5.0}}
    >>> round(turn(fit, "depth", most=1.0), 3), turn(fit, "depth", most=0.3)
    (0.368, None)
    """
    bend = fit["coefficients"][f"{name}^2"]
    if bend <= 0 or fit["t"][f"{name}^2"] <= 2:
        return None
    least = float(np.exp(-fit["coefficients"][name] / (2 * bend)))
    return least if least < most else None


def turned(
    runs: list[dict[str, Any]], fits: dict[str, dict[str, Any]], turns: dict[str, float | None]
) -> str:
    """Say where the loss stops falling, and what the deepest band does beside the one before it."""
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
    said = [
        f"with (log {name})^2 R^2 {fits[f'and the square of {name}']['r2']:.3f} and the least "
        f"loss at {name} {least:.2f}"
        for name, least in turns.items()
        if least is not None
    ]
    return "; ".join(
        [
            *said,
            f"the deepest band is worse than the one before it in {worse} of {len(pairs)} groups",
        ]
    )


def _verdict(good: list[bool]) -> str:
    return "holds" if all(good) else "holds in part" if any(good) else "does not hold"


def fits_table(fits: dict[str, dict[str, Any]]) -> Table:
    """Each fit in a row: coefficient and t of each variable, R^2 and leave-one-out R^2."""
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
    """Every subset."""
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


def draw_plane(
    study: Study,
    columns: dict[str, np.ndarray[Any, Any]],
    plane: dict[str, Any],
    *,
    seeds: np.ndarray[Any, Any],
) -> None:
    """The paper's figure 3: the subsets above and below the fitted plane; beside it the fit against what was measured."""
    from matplotlib import pyplot

    x, y, z = columns["depth"], columns["coverage"], columns["loss"]
    beta = plane["coefficients"]
    predicted = beta["intercept"] + beta["depth"] * x + beta["coverage"] * y
    figure = pyplot.figure(figsize=(9.5, 4.3))
    axis: Any = figure.add_subplot(1, 2, 1, projection="3d")
    across, along = np.meshgrid(np.linspace(x.min(), x.max(), 8), np.linspace(y.min(), y.max(), 8))
    flat = beta["intercept"] + beta["depth"] * across + beta["coverage"] * along
    axis.plot_surface(across, along, flat, color=COLOURS["ila"], alpha=0.25, linewidth=0)
    for a, b, low, high in zip(x, y, predicted, z, strict=True):
        axis.plot([a, a], [b, b], [low, high], color=COLOURS["random"], linewidth=0.7)
    axis.scatter(x, y, z, color=COLOURS["ila"], s=14, depthshade=False)
    axis.set_xlabel("log depth")
    axis.set_ylabel("log coverage")
    axis.set_zlabel("log dev loss")
    for one in (axis.xaxis, axis.yaxis, axis.zaxis):
        one.set_major_locator(pyplot.MaxNLocator(4))
    axis.view_init(elev=18, azim=-128)
    axis.set_box_aspect(None, zoom=0.72)
    beside = figure.add_subplot(1, 2, 2)
    beside.plot([z.min(), z.max()], [z.min(), z.max()], color=COLOURS["random"], linewidth=1)
    for seed, marker in zip(sorted(set(seeds.tolist())), "os^v", strict=False):
        of = seeds == seed
        filled = COLOURS["ila"] if not seed else "none"
        beside.scatter(
            predicted[of],
            z[of],
            edgecolor=COLOURS["ila"],
            facecolor=filled,
            marker=marker,
            s=14,
            label=f"seed {seed}",
        )
    beside.legend()
    beside.set_xlabel("fitted log dev loss")
    beside.set_ylabel("measured log dev loss")
    beside.set_title(f"R² {plane['r2']:.3f}, leave-one-out {plane['loo_r2']:.3f}")
    study.picture(
        figure,
        caption=f"{len(z)} subsets of equal size (seeds a design: {study.seeds}) and the plane "
        "fitted to them; every subset is a point, so that their spread about the plane is "
        "seen.",
    )


if __name__ == "__main__":
    main()
