"""Draw a comparison: the landscape with each reference's members, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from catalog.errors import OptionError
from catalog.store.atomic import new_file, require_writable
from catalog.subsets.compare import Comparison

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


def require_picture(path: Path) -> None:
    """Refuse a path at which no picture can be made.

    Raises:
        OptionError: another ending than .png or .svg, or no such folder.
    """
    if path.suffix.lower() not in (".png", ".svg"):
        raise OptionError(f"{path}: a picture ends in .png or .svg")
    require_writable(path, overwrite=True)


def draw_comparison(comparison: Comparison, path: Path) -> None:
    """Draw a comparison as PNG or SVG.

    Args:
        comparison: what `catalog.subsets.compare.compare` gave.
        path: the file; its ending decides.

    Raises:
        OptionError: see `require_picture`.
    """
    require_picture(path)
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "catalog"  # the same picture is the same file
    from matplotlib import pyplot

    names = list(comparison.members)
    measures = [name for name in SHOWN if any(row.get(name) is not None for row in comparison.rows)]
    columns = min(max(len(names), 1), ACROSS)
    bands = -(-len(names) // columns)
    figure, axes = pyplot.subplots(
        2 * bands,
        columns,
        figsize=(3.2 * columns, 6.4 * bands),
        squeeze=False,
        layout="constrained",
    )
    try:
        for place, (name, row) in enumerate(zip(names, comparison.rows, strict=True)):
            band, column = divmod(place, columns)
            _landscape(axes[2 * band, column], comparison, name)
            _bars(axes[2 * band + 1, column], row, _yardstick(comparison, row), measures)
        for column in range(len(names) - columns * (bands - 1), columns):
            axes[-2, column].axis("off")
            axes[-1, column].axis("off")
        kind = path.suffix.lower().lstrip(".")
        with new_file(path, overwrite=True) as unfinished:
            figure.savefig(
                unfinished, format=kind, dpi=150, metadata={"Date": None} if kind == "svg" else None
            )
    finally:
        pyplot.close(figure)


def _landscape(axis: Any, comparison: Comparison, name: str) -> None:
    axis.set_title(name, fontsize=10)
    axis.set_xticks([])
    axis.set_yticks([])
    if comparison.landscape is None:
        axis.text(0.5, 0.5, "no embeddings", ha="center", va="center", transform=axis.transAxes)
        return
    x, y = comparison.landscape["x"].to_numpy(), comparison.landscape["y"].to_numpy()
    chosen = np.isin(comparison.landscape["instruction_id"].to_numpy(), comparison.members[name])
    axis.scatter(x, y, s=1.5, color="#d5d8dc", linewidths=0, rasterized=True)
    axis.scatter(x[chosen], y[chosen], s=3.0, color="#1f5fa8", linewidths=0, rasterized=True)
    axis.set_xlabel(f"{int(chosen.sum()):,} of {len(chosen):,}", fontsize=8)


def _bars(
    axis: Any, row: dict[str, Any], yardstick: dict[str, Any] | None, measures: list[str]
) -> None:
    """Each number over the random draw's: 1 is random."""
    pairs = [(row.get(name), (yardstick or row).get(name)) for name in measures]
    places = np.arange(len(measures))
    ratios = [_ratio(*pair) for pair in pairs]
    axis.barh(
        places, [0 if ratio is None else ratio - 1 for ratio in ratios], left=1, color="#1f5fa8"
    )
    axis.set_xlim(0, 2)
    for place, ratio, (value, base) in zip(places, ratios, pairs, strict=True):
        text = _bar_text(ratio, value, base)
        at, side, colour = _label(ratio)
        axis.annotate(text, (at, place), fontsize=7, va="center", ha=side, color=colour)
    axis.axvline(1, color="black", linewidth=0.8)
    axis.set_yticks(places, [name.replace("_", " ") for name in measures], fontsize=7)
    axis.invert_yaxis()
    axis.tick_params(axis="x", labelsize=7)
    label = "no smaller than the pool"
    if yardstick is not None:
        label = "ratio to random"
    axis.set_xlabel(label, fontsize=8)


def _bar_text(ratio: float | None, value: float | None, base: float | None) -> str:
    if ratio is not None:
        return f"{ratio:.2f}"
    if value is not None:
        return f"{value:.2g} for {base:.2g}"
    return "not measured"


def _label(ratio: float | None) -> tuple[float, str, str]:
    """Return a label's position, the side of it that the text is on, and its colour.

    The label is beside its bar, or in it where there is no room.
    """
    if ratio is None or 1 <= ratio <= 1.6:
        return ratio or 1, "left", "black"
    if ratio > 1.6:
        return min(ratio, 2) - 0.04, "right", "white"
    if ratio > 0.3:
        return (ratio, "right", "black")
    return (ratio + 0.04, "left", "white")


def _yardstick(comparison: Comparison, row: dict[str, Any]) -> dict[str, Any] | None:
    wanted = f"random {row['n_members']:,}"
    return next((other for other in comparison.rows if other["name"] == wanted), None)


def _ratio(value: float | None, base: float | None) -> float | None:
    """Return the ratio, or None if it says nothing: a number is missing, or not above 0."""
    if value is not None and base is not None and value >= 0 and base > 0:
        return value / base
    return None
