"""Members on their way to a trainer: export."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.output import echo_json, say
from catalog.cli.pools import pass_catalog

FORMATS = ("jsonl", "alpaca", "sharegpt", "messages", "dpo", "parquet", "llamafactory", "axolotl")


@click.command()
@click.argument("reference")
@click.option(
    "--format",
    "shape",
    type=click.Choice(FORMATS),
    help="Default: what the ending of -o says, else jsonl.",
)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    metavar="PATH",
    help="A file, a folder for a trainer's format, or - for stdout.",
)
@click.option(
    "--name",
    help="What a trainer's folder calls the data. Default: the name of the pool or subset.",
)
@click.option("--allow-lossy", is_flag=True, help="Write even what the format cannot hold in full.")
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@json_option
@pass_catalog
def export(
    catalog: Catalog,
    reference: str,
    shape: str | None,
    path: str,
    name: str | None,
    allow_lossy: bool,
    overwrite: bool,
    is_json: bool,
) -> None:
    """Write a pool or subset, in its order, for a trainer."""
    exported = catalog.export(
        reference, path, format=shape, name=name, allow_lossy=allow_lossy, overwrite=overwrite
    )
    if is_json and path != "-":
        echo_json(asdict(exported))
    else:
        say(f"{exported.reference}: {exported.n_rows:,} records as {exported.format} in {path}")
    for cause, count in exported.lost.items():
        say(f"  {count:,} lost something: {cause}")
