"""The commands of signals: embed, signals, scores import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, progress_bar, say

if TYPE_CHECKING:
    from catalog.compute.imports.table import Import
    from catalog.compute.shard_runner import Report

limit_option = click.option(
    "--sample",
    "limit",
    type=click.IntRange(min=1),
    help="Number of members to compute as a sample. The cost of the others is printed.",
)
length_option = click.option(
    "--max-length",
    type=click.IntRange(min=2),
    default=512,
    show_default=True,
    help="Maximum number of tokens of an instruction.",
)
key_option = click.option(
    "--key",
    default="row",
    show_default=True,
    help="Key of a row: row (the column row, or else the position), fingerprint, or a column that "
    "the registered records also have.",
)


@click.command()
@click.argument("pool")
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    show_default=True,
    help="Encoder: a Hugging Face id or a local path.",
)
@click.option(
    "--field",
    type=click.Choice(("prompt", "conversation")),
    default="prompt",
    show_default=True,
    help="Text to embed.",
)
@click.option(
    "--dtype",
    type=click.Choice(("float32", "float16")),
    default="float32",
    show_default=True,
    help="Number type of the stored vectors.",
)
@click.option(
    "--precision",
    type=click.Choice(("auto", "float32", "bfloat16")),
    default="auto",
    show_default=True,
    help="Precision of the computation. auto: the one of the pool's vectors, else float32.",
)
@limit_option
@json_option
@pass_catalog
def embed(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Compute an embedding for every member of a pool."""
    with progress_bar(f"embedding {pool}", unit="instructions") as bar:
        report = catalog.embed(
            pool, progress=lambda done, total, tokens: bar(done, total, done), **options
        )
    echo_report(report, is_json=is_json)


@click.command()
@click.argument("pool", required=False)
@json_option
@pass_catalog
def signals(catalog: Catalog, pool: str | None, is_json: bool) -> None:
    """List the signals, their options and their coverage of POOL or of the whole catalog."""
    rows = catalog.signals(pool).to_dicts()
    if not is_json and not any(row["stale"] for row in rows):
        rows = [{key: value for key, value in row.items() if key != "stale"} for row in rows]
    echo_rows(
        rows,
        is_json=is_json,
        nothing=f"no signals yet: compute one with `catalog embed {pool or 'POOL'}`",
    )


@click.group()
def scores() -> None:
    """Import published scores."""


@scores.command("import")
@click.argument("pool")
@click.argument("file")
@click.option("--name", required=True, help="Name of the score.")
@key_option
@click.option(
    "--value",
    help="Column of the score, or a path such as ratings.overall. Default: the score's name.",
)
@click.option(
    "--missing",
    multiple=True,
    type=float,
    metavar="NUMBER",
    help="Number that means no rating. Repeatable.",
)
@dry_run_option
@json_option
@pass_catalog
def import_scores(
    catalog: Catalog,
    pool: str,
    file: str,
    name: str,
    key: str,
    value: str | None,
    missing: tuple[float, ...],
    is_dry_run: bool,
    is_json: bool,
) -> None:
    """Import one number for each instruction from Parquet, CSV, JSON Lines or .npy."""
    answer = catalog.import_scores(
        pool, file, name=name, key=key, value=value, missing=missing, dry_run=is_dry_run
    )
    echo_import(answer, is_json=is_json)


def echo_report(report: Report, *, is_json: bool) -> None:
    """Print what a run computed and skipped, and the cost of the rest."""
    if is_json:
        echo_json(report_record(report))
        return
    title = f"{report.signal.kind} {report.signal.name}"
    rate = report.n_computed / report.seconds if report.seconds else 0.0
    if report.n_computed:
        tokens = f", {report.n_tokens / report.seconds:,.0f} tokens/s" if report.n_tokens else ""
        click.echo(
            f"{title}: {report.n_computed:,} computed in {report.seconds:.1f} s "
            f"({rate:,.0f} instructions/s{tokens}), {report.n_before:,} computed before"
        )
    else:
        click.echo(f"{title}: nothing to compute, all {report.n_before:,} members have it")
    for note in report.notes:
        say(f"  {note}")
    if report.n_truncated:
        say(f"  {report.n_truncated:,} texts exceed the limit of the model and were truncated")
    if report.reasons:
        say(f"  without a value: {counted(report.reasons)}")
    if report.n_left:
        minutes = report.n_left / rate / 60 if rate else 0.0
        say(f"  {report.n_left:,} left: about {minutes:,.1f} minutes at this rate")


def counted(reasons: Mapping[str, int]) -> str:
    """Return counts by reason as one text.

    >>> counted({"too_long": 1200, "no_response": 3})
    '1,200 too_long, 3 no_response'
    """
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())


def report_record(report: Report) -> dict[str, Any]:
    """Return a run as ``--json`` prints it."""
    signal = report.signal
    counts = ("n_members", "n_before", "n_computed", "n_tokens", "n_truncated", "n_left")
    return {
        "signal": signal.name,
        "kind": signal.kind,
        "identity": signal.identity_sha256,
        "details": signal.details,
        "notes": report.notes,
        **{key: getattr(report, key) for key in counts},
        "reasons": report.reasons,
        "seconds": report.seconds,
    }


def echo_import(report: Import, *, is_json: bool) -> None:
    """Print what an import wrote, and which members have no value."""
    signal = report.signal
    if is_json:
        keys = [field.name for field in fields(report) if field.name != "signal"]
        values = {key: getattr(report, key) for key in keys}
        echo_json({"signal": signal.name, "kind": signal.kind} | values)
        return
    outcome = "identical values were already imported; this import is now the active one"
    if report.is_new:
        outcome = "would be imported" if report.is_dry_run else "imported"
    checkpoints = f" at {report.n_checkpoints} checkpoints" if report.n_checkpoints else ""
    click.echo(
        f"{signal.kind} {signal.name}: {outcome}, {report.n_with_value:,} of "
        f"{report.n_members:,} members{checkpoints}"
    )
    for note in _import_notes(report):
        say(f"  {note}")


def _import_notes(report: Import) -> Iterator[str]:
    from catalog.signals.coverage import COMPUTED

    name = report.signal.name
    if report.signal.kind == "score" and name in COMPUTED:
        yield f"selections read it as the {name} that `catalog score` computes; --name avoids that"
    if report.n_kept:
        yield f"{report.n_kept:,} members are not in the file and keep their previous value"
    if report.n_lost:
        yield (
            f"{report.n_lost:,} members are not in the file and lose their previous losses, "
            "which are at other checkpoints"
        )
    if report.reasons:
        yield f"without a value: {counted(report.reasons)}"
    if report.n_without_member:
        yield (
            f"{report.n_without_member:,} of the {report.n_rows:,} rows were skipped: their "
            "records are quarantined or folded"
        )
    if report.is_dry_run:
        yield "dry run: nothing was written"
