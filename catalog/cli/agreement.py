"""Command `agreement`."""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from pathlib import Path

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_rows, say


@click.command()
@click.argument("scores", nargs=-1, required=True)
@click.argument("pool")
@click.option("--seed", default=0, show_default=True, help="Random seed of the bootstrap.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Picture to draw: .png, .svg or .html.",
)
@json_option
@pass_catalog
def agreement(
    catalog: Catalog,
    scores: tuple[str, ...],
    pool: str,
    seed: int,
    path: Path | None,
    is_json: bool,
) -> None:
    """Compare SCORES of POOL, pair by pair, over the members that have both.

    The table shows the rank correlation (Spearman) with its 95 % interval. Where the scores have
    at most 12 different values, it also shows Cohen's kappa with quadratic weights and the share of
    equal values.
    """
    if path:
        from catalog.report.agreement_picture import ENDINGS
        from catalog.report.picture import require_picture

        require_picture(path, ENDINGS)  # before the work
    agreements = catalog.agreement(pool, *scores, seed=seed)
    if path:
        from catalog.report.agreement_picture import draw_agreement

        draw_agreement(agreements, catalog.scores(pool), path)
    rows = [asdict(each) for each in agreements]
    if not is_json and all(row["kappa"] is None for row in rows):
        rows = [{key: row[key] for key in row if key not in ("kappa", "exact")} for row in rows]
    echo_rows(rows, is_json=is_json)
    if any(isnan(each.spearman) for each in agreements):
        say("  nan: one of the two scores has the same value for all members")
    if path:
        say(f"  picture: {path}")
