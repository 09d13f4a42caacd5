"""Draw a comparison: the landscape with each reference's members, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from catalog.messages import significant
from catalog.report.picture import (
    BLUE,
    GREY,
    PALE,
    grid_of_axes,
    require_picture,
    save_picture,
)
from catalog.subsets.compare import Comparison

FARTHEST = 60  # standard deviations; longer bars are cut
ACROSS = 5  # references beside each other; more go below
SHOWN = (
    "coverage",
    "log_det",
    "depth_mean",
    "near_duplicates",
    "n_tokens_mean",
    "last_loss_mean",
    "largest_source",
)
"""Measures that a picture shows where they were measured, and the means of the scores asked for."""
SPREAD_OVER = 4_000
"""Members that a landscape shows as points of full size; of more, points are smaller."""


def draw_comparison(
    comparison: Comparison, path: Path, *, regions: Sequence[Mapping[str, Any]] = ()
) -> None:
    """Draw a comparison as PNG or SVG.

    Args:
        comparison: what `catalog.subsets.compare.compare` gave.
        path: the file; its ending decides.
        regions: what `catalog.report.regions.landscape_regions` gave; the first landscape carries
            their words.

    Raises:
        OptionError: see `catalog.report.picture.require_picture`.
    """
    require_picture(path)
    names = list(comparison.members)
    measures = _measures(comparison.rows)
    columns = min(max(len(names), 1), ACROSS)
    bands = -(-len(names) // columns)
    with grid_of_axes(2 * bands, columns, (3.2 * columns, 6.4 * bands)) as (figure, axes):
        for place, (name, row) in enumerate(zip(names, comparison.rows, strict=True)):
            band, column = divmod(place, columns)
            _landscape(axes[2 * band, column], comparison, name)
            _bars(axes[2 * band + 1, column], comparison, row, measures)
        _name_regions(axes[0, 0], regions)
        for column in range(len(names) - columns * (bands - 1), columns):
            axes[-2, column].axis("off")
            axes[-1, column].axis("off")
        save_picture(figure, path)


def _measures(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    means = dict.fromkeys(name for row in rows for name in row if name.endswith("_mean"))
    names = dict.fromkeys([*SHOWN, *means])
    return [name for name in names if any(row.get(name) is not None for row in rows)]


def _name_regions(axis: Any, regions: Sequence[Mapping[str, Any]]) -> None:
    """Write the words of regions at their places, with a light edge around each letter."""
    from matplotlib import patheffects

    edge = [patheffects.withStroke(linewidth=2, foreground="white")]
    for region in regions:
        axis.text(
            region["x"],
            region["y"],
            "\n".join(region["words"]),
            ha="center",
            va="center",
            fontsize=5.5,
            path_effects=edge,
        )


def _landscape(axis: Any, comparison: Comparison, name: str) -> None:
    axis.set_title(name, fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
    if comparison.landscape is None:
        axis.text(0.5, 0.5, "no embeddings", ha="center", va="center", transform=axis.transAxes)
        return
    x, y = comparison.landscape["x"].to_numpy(), comparison.landscape["y"].to_numpy()
    chosen = np.isin(comparison.landscape["instruction_id"].to_numpy(), comparison.members[name])
    size = max(0.15, min(1.0, SPREAD_OVER / max(1, len(x))))
    axis.scatter(x, y, s=1.5 * size, color=GREY, linewidths=0, rasterized=True)
    axis.scatter(x[chosen], y[chosen], s=3.0 * size**0.5, color=BLUE, linewidths=0, rasterized=True)
    axis.set_xlabel(f"{int(chosen.sum()):,} of {len(chosen):,}", fontsize=8)


def _bars(axis: Any, comparison: Comparison, row: dict[str, Any], measures: list[str]) -> None:
    """Draw how far each number is from the mean of random draws, in their standard deviations."""
    yardstick = f"random {row['n_members']:,}"
    means = next((each for each in comparison.rows if each["name"] == yardstick), {})
    spread = comparison.spread.get(yardstick, {})
    for place, name in enumerate(measures):
        distance = _distance(row.get(name), means.get(name), spread.get(name))
        bar = min(max(distance or 0.0, -FARTHEST), FARTHEST)
        if row["name"] != yardstick:
            axis.barh(place, bar, color=BLUE, height=0.5)
        text = _number(row.get(name))
        if spread.get(name) and row["name"] == yardstick:
            text = f"{text} ± {significant(spread[name], 2)}"
        elif distance is not None:
            text = f"{text}  ({distance:+.1f} sd)"
        axis.annotate(
            text, (0.03, place - 0.42), xycoords=axis.get_yaxis_transform(), fontsize=7, va="center"
        )
    axis.axvspan(-2, 2, color=PALE, zorder=0, linewidth=0)
    axis.axvline(0, color="black", linewidth=0.8)
    axis.set_xscale("symlog", linthresh=2)
    axis.set_xlim(-FARTHEST, FARTHEST)
    axis.set_xticks([-10, -2, 0, 2, 10], ["−10", "−2", "0", "2", "10"])
    axis.minorticks_off()
    axis.set_yticks(range(len(measures)), [name.replace("_", " ") for name in measures], fontsize=7)
    axis.set_ylim(len(measures) - 0.5, -0.7)
    axis.tick_params(axis="x", labelsize=7)
    label = "standard deviations from random draws" if means else "no smaller than the parent"
    axis.set_xlabel(label, fontsize=8)


def _distance(value: float | None, mean: float | None, deviation: float | None) -> float | None:
    """Return how many standard deviations a number is from a mean; None if one is missing or 0."""
    if value is None or mean is None or not deviation:
        return None
    return (value - mean) / deviation


def _number(value: float | None) -> str:
    if value is None:
        return "not measured"
    return significant(value, 3)
