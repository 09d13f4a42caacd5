"""Command `agreement`."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_rows


@click.command()
@click.argument("scores", nargs=-1, required=True)
@click.argument("pool")
@click.option("--seed", default=0, show_default=True, help="Random seed of the bootstrap.")
@json_option
@pass_catalog
def agreement(
    catalog: Catalog, scores: tuple[str, ...], pool: str, seed: int, is_json: bool
) -> None:
    """Compare SCORES of POOL, pair by pair, over the members that have both.

    The table shows the rank correlation (Spearman) with its 95 % interval. Where the scores have
    at most 12 different values, it also shows Cohen's kappa with quadratic weights and the share of
    equal values.
    """
    rows = [asdict(each) for each in catalog.agreement(pool, *scores, seed=seed)]
    if not is_json and all(row["kappa"] is None for row in rows):
        rows = [{key: row[key] for key in row if key not in ("kappa", "exact")} for row in rows]
    echo_rows(rows, is_json=is_json)
