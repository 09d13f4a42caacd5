"""Signals on the command line: embed, scores, signals."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.output import echo_json, echo_rows, progress_bar, say
from catalog.cli.pools import pass_catalog

if TYPE_CHECKING:
    from catalog.compute.imports.table import Import
    from catalog.compute.shard_runner import Report

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Compute only a sample of that many, and say what the rest would cost.",
)
length_option = click.option(
    "--max-length",
    type=click.IntRange(min=2),
    default=512,
    show_default=True,
    help="The window in tokens.",
)
key_option = click.option(
    "--key",
    default="row",
    show_default=True,
    help="row (what a column row says, or the position), fingerprint, or a column that the records had too.",
)


@click.command()
@click.argument("pool")
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    show_default=True,
    help="A Hugging Face id or a local path.",
)
@click.option(
    "--field",
    type=click.Choice(("prompt", "conversation")),
    default="prompt",
    show_default=True,
    help="What is embedded.",
)
@click.option(
    "--dtype",
    type=click.Choice(("float32", "float16")),
    default="float32",
    show_default=True,
    help="The stored number type.",
)
@click.option(
    "--precision",
    type=click.Choice(("auto", "float32", "bfloat16")),
    default="auto",
    show_default=True,
    help="The precision of the encoder's products; auto is that of the pool's existing vectors, else float32.",
)
@limit_option
@json_option
@pass_catalog
def embed(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Give every member of a pool a vector."""
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
    """List the signals, what tells them apart, and their coverage of POOL or of the whole catalog."""
    rows = catalog.signals(pool).to_dicts()
    if not is_json and not any(row["stale"] for row in rows):
        rows = [{key: value for key, value in row.items() if key != "stale"} for row in rows]
    echo_rows(
        rows, is_json=is_json, nothing=f"no signal yet: `catalog embed {pool or 'POOL'}` makes one"
    )


@click.group()
def scores() -> None:
    """Scores that others published."""


@scores.command("import")
@click.argument("pool")
@click.argument("file")
@click.option("--name", required=True, help="The score's name.")
@key_option
@click.option(
    "--value",
    help="The column of the number, or a path such as ratings.overall; else the score's name.",
)
@click.option(
    "--missing",
    multiple=True,
    type=float,
    metavar="NUMBER",
    help="A number that means no rating; repeat it.",
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
    """Import one number an instruction: Parquet, CSV, JSON Lines or .npy."""
    answer = catalog.import_scores(
        pool, file, name=name, key=key, value=value, missing=missing, dry_run=is_dry_run
    )
    echo_import(answer, is_json=is_json)


def echo_report(report: Report, *, is_json: bool) -> None:
    """Say what a run computed, what it skipped, and what the rest would cost."""
    signal = report.signal
    if is_json:
        echo_json(report_record(report))
        return
    rate = report.n_computed / report.seconds if report.seconds else 0.0
    if report.n_computed:
        tokens = f", {report.n_tokens / report.seconds:,.0f} tokens/s" if report.n_tokens else ""
        click.echo(
            f"{signal.kind} {signal.name}: {report.n_computed:,} computed in {report.seconds:.1f} s "
            f"({rate:,.0f} instructions/s{tokens}), {report.n_before:,} there before"
        )
    else:
        click.echo(
            f"{signal.kind} {signal.name}: nothing to compute, all {report.n_before:,} members are there"
        )
    for note in report.notes:
        say(f"  {note}")
    if report.n_truncated:
        say(f"  {report.n_truncated:,} texts were longer than the model reads, and cut")
    if report.reasons:
        say(
            f"  without a value: {', '.join(f'{count:,} {reason}' for reason, count in report.reasons.items())}"
        )
    if report.n_left:
        minutes = report.n_left / rate / 60 if rate else 0.0
        say(f"  {report.n_left:,} left: about {minutes:,.1f} minutes at this rate")


def report_record(report: Report) -> dict[str, Any]:
    """A run as ``--json`` prints it."""
    signal = report.signal
    keys = (
        "n_members",
        "n_before",
        "n_computed",
        "n_tokens",
        "n_truncated",
        "n_left",
        "reasons",
        "seconds",
    )
    known = {
        "signal": signal.name,
        "kind": signal.kind,
        "identity": signal.identity_sha256,
        "details": signal.details,
    }
    known["notes"] = report.notes
    return known | {key: getattr(report, key) for key in keys}


def echo_import(answer: Import, *, is_json: bool) -> None:
    """Say what an import wrote and what has no value."""
    from catalog.signals.coverage import COMPUTED

    if is_json:
        keys = [field.name for field in fields(answer) if field.name != "signal"]
        echo_json(
            {"signal": answer.signal.name, "kind": answer.signal.kind}
            | {key: getattr(answer, key) for key in keys}
        )
        return
    was = (
        "imported"
        if answer.is_new
        else "identical values were imported before, and are the active ones again"
    )
    was = f"would be {was}" if answer.is_dry_run and answer.is_new else was
    checkpoints = f" at {answer.n_checkpoints} checkpoints" if answer.n_checkpoints else ""
    click.echo(
        f"{answer.signal.kind} {answer.signal.name}: {was}, {answer.n_with_value:,} of {answer.n_members:,} members{checkpoints}"
    )
    if answer.signal.kind == "score" and answer.signal.name in COMPUTED:
        say(
            f"  selections read it for the {answer.signal.name} that `catalog score` computes; --name NAME keeps the two apart"
        )
    if answer.n_kept:
        say(f"  {answer.n_kept:,} kept from the import before: the file does not name them")
    if answer.n_lost:
        say(
            f"  {answer.n_lost:,} have losses at other checkpoints in the import before, and none now: the file does not name them"
        )
    if answer.reasons:
        say(
            f"  without a value: {', '.join(f'{count:,} {reason}' for reason, count in answer.reasons.items())}"
        )
    if answer.n_without_member:
        left_out = f"{answer.n_without_member:,} of the {answer.n_rows:,} rows"
        say(
            f"  {left_out} are about records that are no members (quarantined or folded), and were left out"
        )
    if answer.is_dry_run:
        say("  a dry run: nothing was written")
