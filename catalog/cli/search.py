"""Search on the command line."""

from __future__ import annotations

from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.output import echo_rows, say
from catalog.cli.pools import pass_catalog


@click.command()
@click.argument("pool")
@click.argument("text")
@click.option(
    "-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="How many."
)
@click.option(
    "--where",
    metavar="SQL",
    help="Only members for which this holds, e.g. \"source = 'wiki' AND length(response) > 100\".",
)
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    show_default=True,
    help="The encoder that embedded the pool.",
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
    """Find the members whose meaning is nearest to a text."""
    answer = catalog.search(pool, text, seconds=timeout, **options)
    echo_rows(answer.rows, is_json=is_json, nothing="no member satisfies the condition")
    if answer.index:
        found = answer.index
        cells = f"{found.probes} of {found.partitions} cells"
        say(
            f"  through an index: recall@10 is {found.recall:.3f} on {found.n_queries} members, looking into {cells}"
        )
