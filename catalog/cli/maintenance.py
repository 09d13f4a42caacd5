"""Maintenance commands: doctor, gc, migrate."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import DONE, FAILED, dry_run_option, json_option, table_options
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, say
from catalog.errors import OptionError
from catalog.messages import quantity


@click.command()
@click.option(
    "--full",
    is_flag=True,
    help="Read every block, row and vector, and compare them with their hashes.",
)
@click.option(
    "--record",
    is_flag=True,
    help="With --full: record the current hash of shards without one.",
)
@table_options
@click.pass_context
def doctor(ctx: click.Context, full: bool, record: bool, is_json: bool) -> None:
    """Check the catalog for damage, and print the repair of each issue."""
    if record and not full:
        raise OptionError("--record needs --full, which reads the shards")
    issues = [asdict(issue) for issue in ctx.obj.doctor(full=full, record=record)]
    echo_rows(issues, is_json=is_json, nothing="no issues")
    ctx.exit(FAILED if issues else DONE)


@click.command()
@click.option(
    "--cache", is_flag=True, help="Also remove cached clusters, projections and duplicate groups."
)
@click.option(
    "--damaged",
    is_flag=True,
    help="Also forget damaged vectors, so that their command computes them again.",
)
@dry_run_option
@json_option
@pass_catalog
def gc(catalog: Catalog, cache: bool, damaged: bool, is_dry_run: bool, is_json: bool) -> None:
    """Remove unreferenced data."""
    report = catalog.gc(dry_run=is_dry_run, cache=cache, damaged=damaged)
    if is_json:
        echo_json(asdict(report))
        return
    remove, forget = "removed", "forgot"
    if report.is_dry_run:
        remove, forget = "would remove", "would forget"
    vectors = report.vectors
    say(
        f"{remove} {quantity(report.n_instructions, 'instruction')}, "
        f"{quantity(len(report.signals), 'empty signal')}, "
        f"{quantity(len(report.scratch), 'leftover')} of dead jobs, "
        f"{quantity(len(report.models), 'trained model')}, "
        f"{quantity(len(report.media), 'media file')} ({quantity(report.n_bytes, 'byte')})"
    )
    say(
        f"{remove} {quantity(vectors.n_rows, 'row')} and {quantity(len(vectors.tables), 'table')} "
        "of unrecorded vectors "
        f"({quantity(vectors.n_bytes, 'byte')})"
    )
    if report.n_damaged:
        say(f"forgot {quantity(report.n_damaged, 'damaged shard')}: compute them again")
    if vectors.damaged:
        say(f"kept unreadable {', '.join(vectors.damaged)}: run `catalog doctor --full`")
    if vectors.n_pins:
        say(
            f"{remove} the pins of dropped subsets on {quantity(vectors.n_pins, 'version')} of "
            "vectors"
        )
    if vectors.n_forgotten:
        say(
            f"{forget} {quantity(vectors.n_forgotten, 'shard')} with lost vectors: compute them "
            "again"
        )


@click.command()
@dry_run_option
@json_option
@pass_catalog
def migrate(catalog: Catalog, is_dry_run: bool, is_json: bool) -> None:
    """Migrate the catalog's schema to this version of the code."""
    names = catalog.migrate(dry_run=is_dry_run)
    if is_json:
        echo_json(names)
    elif names:
        say(f"{'would apply' if is_dry_run else 'applied'} {', '.join(names)}")
    else:
        say("no migrations to apply")
