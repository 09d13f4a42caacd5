"""Commands that make a catalog and copy it: init, backup."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, say
from catalog.cli.progress import progress_bar
from catalog.messages import quantity


@click.command()
@click.option(
    "--vectors",
    metavar="URL",
    help="Where the vectors are kept, such as s3://bucket/prefix. Default: in the catalog's "
    "folder.",
)
@click.option("--from", "source", metavar="PLACE", help="Restore the backup at a folder or URL.")
@click.option("--name", help="Name of the backup. Default: the newest.")
@pass_catalog
def init(catalog: Catalog, vectors: str | None, source: str | None, name: str | None) -> None:
    """Make a catalog, empty or from a backup.

    A catalog that keeps its vectors in its own folder needs no init: register makes it.
    """
    with progress_bar("restoring", unit="bytes") as bar:
        n_files = catalog.init(
            vectors=vectors,
            source=source,
            name=name,
            progress=lambda done, total: bar(done, total, done),
        )
    if source:
        say(
            f"restored {quantity(n_files, 'file')} into {catalog.store.path}: `catalog doctor` "
            "checks them"
        )
    else:
        say(f"made {catalog.store.path}")


@click.command()
@click.argument("place")
@click.option("--list", "is_listing", is_flag=True, help="List the backups at PLACE.")
@json_option
@pass_catalog
def backup(catalog: Catalog, place: str, is_listing: bool, is_json: bool) -> None:
    """Copy the whole catalog to PLACE, a folder or a URL such as s3://bucket/prefix.

    Only what PLACE does not have is copied. Restore it with init --from PLACE.
    """
    if is_listing:
        from catalog.maintenance.backup import backups

        echo_json(backups(place)) if is_json else say("\n".join(backups(place)) or "no backup")
        return
    with progress_bar(f"copying to {place}", unit="bytes") as bar:
        made = catalog.backup(place, progress=lambda done, total: bar(done, total, done))
    if is_json:
        echo_json(asdict(made))
        return
    say(
        f"backup {made.name}: {quantity(made.n_files, 'file')}, {quantity(made.n_bytes, 'byte')}, "
        f"{made.n_new_bytes:,} of them new in {made.place}"
    )
