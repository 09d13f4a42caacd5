"""The command `search`."""

from __future__ import annotations

from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_rows, say


@click.command()
@click.argument("pool")
@click.argument("text")
@click.option(
    "-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="Number of members."
)
@click.option(
    "--where",
    metavar="SQL",
    help="Condition on members, such as \"source = 'wiki' AND length(response) > 100\".",
)
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    show_default=True,
    help="Encoder of the pool's embeddings.",
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
    """Find the members whose embeddings are closest to the embedding of a text."""
    answer = catalog.search(pool, text, seconds=timeout, **options)
    echo_rows(answer.rows, is_json=is_json, nothing="no member meets the condition")
    if answer.index:
        index = answer.index
        say(
            f"  approximate, through an index: recall@10 is {index.recall:.3f} on "
            f"{index.n_queries} members, with {index.probes} of {index.partitions} cells"
        )
