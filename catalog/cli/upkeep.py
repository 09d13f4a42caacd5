"""Keeping a catalog well: doctor, gc, migrate."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import DONE, FAILED, dry_run_option, json_option
from catalog.cli.output import echo_json, echo_rows, say
from catalog.cli.pools import pass_catalog
from catalog.errors import OptionError


@click.command()
@click.option(
    "--full",
    is_flag=True,
    help="Read every block, row and vector, and compare them with their hashes.",
)
@click.option(
    "--record",
    is_flag=True,
    help="With --full: record the hash of shards that have none yet, as they are now.",
)
@json_option
@click.pass_context
def doctor(ctx: click.Context, full: bool, record: bool, is_json: bool) -> None:
    """Check that the catalog is whole, and print what to do where it is not."""
    if record and not full:
        raise OptionError("--record needs --full: a hash is recorded of what was read")
    findings = [asdict(finding) for finding in ctx.obj.doctor(full=full, record=record)]
    echo_rows(findings, is_json=is_json, nothing="the catalog is whole")
    ctx.exit(FAILED if findings else DONE)


@click.command()
@click.option(
    "--cache", is_flag=True, help="Also forget kept clusters, projections and duplicate groups."
)
@click.option(
    "--damaged",
    is_flag=True,
    help="Also forget damaged vectors, so that the command that made them computes them again.",
)
@dry_run_option
@json_option
@pass_catalog
def gc(catalog: Catalog, cache: bool, damaged: bool, is_dry_run: bool, is_json: bool) -> None:
    """Remove what nothing refers to any more."""
    sweep = catalog.gc(dry_run=is_dry_run, cache=cache, damaged=damaged)
    if is_json:
        echo_json(asdict(sweep))
        return
    verb = "would remove" if sweep.is_dry_run else "removed"
    files = f"{len(sweep.scratch)} leftovers of dead jobs, {len(sweep.models)} trained models, "
    files += f"{len(sweep.media)} media files ({sweep.n_bytes:,} bytes)"
    say(
        f"{verb} {sweep.n_instructions:,} instructions, {len(sweep.signals)} signals of which nothing is left, {files}"
    )
    swept = sweep.vectors
    say(
        f"{verb} {swept.n_rows:,} rows and {len(swept.tables)} tables of vectors that nothing records ({swept.n_bytes:,} bytes)"
    )
    if sweep.n_damaged:
        say(f"forgot {sweep.n_damaged:,} damaged shards: compute them again")
    if swept.damaged:
        say(
            f"left alone {', '.join(swept.damaged)}, which cannot be read: `catalog doctor --full` has the next step"
        )
    if swept.n_pins:
        say(f"{verb} the hold that dropped subsets had on {swept.n_pins:,} versions of vectors")
    if swept.n_forgotten:
        say(
            f"{'would forget' if sweep.is_dry_run else 'forgot'} {swept.n_forgotten:,} shards whose vectors are lost: compute them again"
        )


@click.command()
@dry_run_option
@json_option
@pass_catalog
def migrate(catalog: Catalog, is_dry_run: bool, is_json: bool) -> None:
    """Bring the catalog's schema up to this version of the code."""
    names = catalog.migrate(dry_run=is_dry_run)
    if is_json:
        echo_json(names)
    else:
        say(
            f"{'would apply' if is_dry_run else 'applied'} {', '.join(names)}"
            if names
            else "nothing to migrate"
        )
