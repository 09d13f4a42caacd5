"""Command `search`."""

from __future__ import annotations

from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_rows, say
from catalog.signals.kinds import ENCODER


@click.command()
@click.argument("pool")
@click.argument("text")
@click.option(
    "-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="Number of results."
)
@click.option(
    "--where",
    metavar="SQL",
    help="SQL condition on the members, e.g. \"source = 'wiki' AND length(response) > 100\".",
)
@click.option(
    "--encoder",
    default=ENCODER,
    show_default=True,
    help="Encoder that computed the pool's embeddings.",
)
@click.option("--memory", default="2GB", show_default=True, help="Memory limit of the condition.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit of the condition.",
)
@json_option
@pass_catalog
def search(
    catalog: Catalog,
    /,
    pool: str,
    text: str,
    timeout: float | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Find the members whose embeddings are closest to a text's."""
    answer = catalog.search(pool, text, seconds=timeout, **options)
    echo_rows(answer.rows, is_json=is_json, nothing="no member satisfies the condition")
    if answer.index:
        index = answer.index
        cells = f"{index.probes} of {index.partitions} cells"
        say(
            f"  approximate, by an index that probes {cells}: "
            f"recall@10 {index.recall:.3f} on {index.n_queries} members"
        )
