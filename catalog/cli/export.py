"""Command `export`."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.choices import LazyChoice, exporters
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, say


@click.command()
@click.argument("reference")
@click.option(
    "--format",
    "shape",
    type=LazyChoice(exporters),
    help="Export format. Default: the format of the suffix of -o, else jsonl.",
)
@click.option(
    "-o",
    "--output",
    "path",
    required=True,
    metavar="PATH",
    help="Target file, folder (for the formats of trainers that read one), or - for stdout.",
)
@click.option(
    "--name",
    help="Name of the data in a trainer's folder. Default: the name of the pool or subset.",
)
@click.option(
    "--allow-lossy",
    is_flag=True,
    help="Write the export even if the format cannot hold everything of every instruction.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
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
    """Write a pool or subset, in its order, in the format of a trainer."""
    exported = catalog.export(
        reference, path, format=shape, name=name, allow_lossy=allow_lossy, overwrite=overwrite
    )
    if is_json and path != "-":
        echo_json(asdict(exported))
    else:
        say(f"{exported.reference}: {exported.n_rows:,} records as {exported.format} in {path}")
    for cause, count in exported.lost.items():
        say(f"  {count:,} instructions lost something: {cause}")
