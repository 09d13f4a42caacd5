"""Draw the agreement of scores: every pair's members below the diagonal, its numbers above."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from catalog.compute.scores.agreement import SMALL_SCALE, Agreement
from catalog.messages import quantity
from catalog.report.picture import (
    BLUE,
    PICTURES,
    grid_of_axes,
    require_picture,
    save_picture,
    write_figure,
)
from catalog.store.atomic import new_file

ENDINGS = (*PICTURES, ".html")
_CELLS = 24  # hexagons across a panel
_INCHES = 2.0
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;color:#0f172a;margin:2rem auto;max-width:70rem}"
    "svg{max-width:100%;height:auto}table{border-collapse:collapse}"
    "td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #e2e8f0}"
    "td:nth-child(-n+2),th:nth-child(-n+2){text-align:left}"
)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>{style}</style>
<h1>{title}</h1>
{svg}
<table>
<tr><th>first</th><th>second</th><th>members</th><th>Spearman</th><th>95 % interval</th>
<th>kappa</th><th>equal</th></tr>
{rows}
</table>
</html>
"""


def draw_agreement(agreements: Sequence[Agreement], scores: pl.DataFrame, path: Path) -> None:
    """Draw scores against each other as PNG or SVG, or as an HTML page with the numbers.

    Args:
        agreements: of each pair, as `Catalog.agreement` returns them.
        scores: one column for each score, as `Catalog.scores` returns them.
        path: the file; its ending decides.

    Raises:
        OptionError: see `catalog.report.picture.require_picture`.
    """
    require_picture(path, ENDINGS)
    names = list(dict.fromkeys(each for pair in agreements for each in (pair.first, pair.second)))
    by_pair = {(pair.first, pair.second): pair for pair in agreements}
    inches = _INCHES * len(names)
    with grid_of_axes(len(names), len(names), (inches, inches)) as (figure, axes):
        for row, below in enumerate(names):
            for column, across in enumerate(names):
                axis = axes[row, column]
                _label(axis, names, row, column)
                if row == column:
                    _histogram(axis, scores[below], below)
                elif row > column:
                    _members(axis, scores.select(across, below).drop_nulls())
                else:
                    _numbers(axis, by_pair[below, across])
        if path.suffix.lower() == ".html":
            _write_page(figure, agreements, path)
        else:
            save_picture(figure, path)


def _label(axis: Any, names: Sequence[str], row: int, column: int) -> None:
    """Name the scores at the left and at the bottom of the grid."""
    axis.tick_params(labelsize=6)
    if column == 0 and row:
        axis.set_ylabel(names[row], fontsize=8)
    if row == len(names) - 1:
        axis.set_xlabel(names[column], fontsize=8)


def _histogram(axis: Any, column: pl.Series, name: str) -> None:
    values = column.drop_nulls().to_numpy()
    axis.set_title(name, fontsize=8)
    axis.set_yticks([])
    places, counts = np.unique(values, return_counts=True)
    if len(places) <= SMALL_SCALE:
        width = 0.8 * np.diff(places).min() if len(places) > 1 else 0.8
        axis.bar(places, counts, width=width, color=BLUE)
    else:
        axis.hist(values, bins=_CELLS, color=BLUE)


def _members(axis: Any, pair: pl.DataFrame) -> None:
    """Draw how many members have each pair of values."""
    x, y = (pair[name].to_numpy() for name in pair.columns)
    (columns, i), (rows, j) = (np.unique(values, return_inverse=True) for values in (x, y))
    if max(len(columns), len(rows)) > SMALL_SCALE:
        axis.hexbin(x, y, gridsize=_CELLS, bins="log", cmap="Blues", mincnt=1, linewidths=0.1)
        return
    counts = np.zeros((len(rows), len(columns)))
    np.add.at(counts, (j, i), 1)
    axis.imshow(counts, cmap="Blues", origin="lower", aspect="auto", interpolation="nearest")
    axis.set_xticks(range(len(columns)), [f"{value:g}" for value in columns])
    axis.set_yticks(range(len(rows)), [f"{value:g}" for value in rows])


def _numbers(axis: Any, pair: Agreement) -> None:
    axis.axis("off")
    lines = [f"ρ = {_figure(pair.spearman)}", _interval(pair), quantity(pair.n, "member")]
    if pair.kappa is not None:
        lines.insert(2, f"κ = {_figure(pair.kappa)}")
    axis.text(0.5, 0.5, "\n".join(lines), ha="center", va="center", fontsize=8)


def _interval(pair: Agreement) -> str:
    return f"[{_figure(pair.low)}, {_figure(pair.high)}]"


def _figure(value: float | None) -> str:
    """Return a number with two places; nothing if there is none.

    >>> _figure(0.5), _figure(float("nan")), _figure(None)
    ('0.50', '–', '')
    """
    if value is None:
        return ""
    return "–" if math.isnan(value) else f"{value:.2f}"


def _write_page(figure: Any, agreements: Sequence[Agreement], path: Path) -> None:
    stream = io.StringIO()
    write_figure(figure, stream, "svg")
    svg = stream.getvalue()
    title = "Agreement of " + ", ".join(
        dict.fromkeys(each for pair in agreements for each in (pair.first, pair.second))
    )
    page = _PAGE.format(
        title=escape(title),
        style=_STYLE,
        svg=svg[svg.index("<svg") :],
        rows="\n".join(map(_row, agreements)),
    )
    with new_file(path, overwrite=True) as unfinished:
        unfinished.write_text(page, encoding="utf-8")


def _row(pair: Agreement) -> str:
    cells = (
        pair.first,
        pair.second,
        f"{pair.n:,}",
        _figure(pair.spearman),
        _interval(pair),
        _figure(pair.kappa),
        "" if pair.exact is None else f"{pair.exact:.0%}",
    )
    return "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in cells) + "</tr>"
