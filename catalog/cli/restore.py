"""Older versions on the command line: restore."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.output import echo_json, say
from catalog.cli.pools import pass_catalog


@click.command()
@click.argument("reference")
@dry_run_option
@json_option
@pass_catalog
def restore(catalog: Catalog, reference: str, is_dry_run: bool, is_json: bool) -> None:
    """Make an older version of a pool the newest: NAME@3 or NAME@TAG.

    The restored version is a new one; the versions between stay.
    """
    done = catalog.restore(reference, dry_run=is_dry_run)
    if is_json:
        echo_json(asdict(done))
        return
    now, old = f"{done.name}@{done.version}", f"{done.name}@{done.restored_from}"
    if not done.is_new_version:
        click.echo(
            f"{now}: nothing changed, it has the {done.n_members:,} members of {old} already"
        )
        return
    click.echo(
        f"{'would be ' if is_dry_run else ''}{now}: {done.n_members:,} members, restored from {old}"
    )
    parts = {
        "added": done.n_added,
        "removed": done.n_removed,
        "kept": done.n_kept,
        "updated": done.n_updated,
    }
    click.echo(
        "  "
        + ", ".join(
            f"{count:,} {what}" for what, count in parts.items() if count or what == "added"
        )
    )
    if is_dry_run:
        say("  a dry run: nothing was written")
