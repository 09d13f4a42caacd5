"""Command `export`."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.choices import LazyChoice, exporters
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog, references_of
from catalog.cli.output import echo_one_or_all, say
from catalog.errors import OptionError
from catalog.messages import quantity
from catalog.store.references import is_glob

NAME = "{name}"
"""The place of a subset's name in a path."""


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
    """Write a pool or subset, in its order, in the format of a trainer.

    REFERENCE may be a glob, such as 'car-*', which matches subsets; then {name} in PATH stands for
    the name of each.
    """
    names = references_of(catalog, reference)
    if is_glob(reference) and NAME not in path:
        raise OptionError(f"{reference} matches several subsets: put {NAME} into -o {path}")
    found = []
    for each in names:
        target = path.replace(NAME, each) if is_glob(reference) else path
        exported = catalog.export(
            each, target, format=shape, name=name, allow_lossy=allow_lossy, overwrite=overwrite
        )
        found.append(asdict(exported))
        if not is_json or target == "-":
            rows = f"{quantity(exported.n_rows, 'record')} as {exported.format}"
            say(f"{exported.reference}: {rows} in {target}")
        for cause, count in exported.lost.items():
            say(f"  {quantity(count, 'instruction')} lost something: {cause}")
        if exported.not_recorded:
            say(f"  the export is not recorded in the catalog: {exported.not_recorded}")
    if is_json and path != "-":
        echo_one_or_all(found, reference)
