"""Command `restore`."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, say
from catalog.messages import quantity


@click.command()
@click.argument("reference")
@dry_run_option
@json_option
@pass_catalog
def restore(catalog: Catalog, reference: str, is_dry_run: bool, is_json: bool) -> None:
    """Make an older version of a pool, NAME@3 or NAME@TAG, its newest version.

    Restoring adds a version; the versions between stay.
    """
    restoration = catalog.restore(reference, dry_run=is_dry_run)
    if is_json:
        echo_json(asdict(restoration))
        return
    newest = f"{restoration.name}@{restoration.version}"
    older = f"{restoration.name}@{restoration.restored_from}"
    if not restoration.is_new_version:
        click.echo(
            f"{newest}: no changes, it has the {quantity(restoration.n_members, 'member')} of "
            f"{older}"
        )
        return
    would = "would be " if is_dry_run else ""
    click.echo(
        f"{would}{newest}: {quantity(restoration.n_members, 'member')}, restored from {older}"
    )
    counts = {
        "removed": restoration.n_removed,
        "kept": restoration.n_kept,
        "updated": restoration.n_updated,
    }
    parts = [f"{count:,} {name}" for name, count in counts.items() if count]
    click.echo(f"  {', '.join([f'{restoration.n_added:,} added', *parts])}")
    if is_dry_run:
        say("  dry run: nothing was written")
