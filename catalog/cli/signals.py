"""Commands about signals: embed, scores, signals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option, table_options
from catalog.cli.kind_command import kind_command
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, echo_text, say
from catalog.cli.reports import say_reasons
from catalog.messages import listed, quantity
from catalog.signals.kinds import KINDS
from catalog.signals.score_definitions import MEASURED, built_in_scores

if TYPE_CHECKING:
    from catalog.compute.imports.report import ImportReport

key_option = click.option(
    "--key",
    default="row",
    show_default=True,
    help="How to match rows: row (a column or the position), fingerprint, or a field of records.",
)


embed = kind_command(KINDS["embedding"])


@click.command()
@click.argument("pool", required=False)
@table_options
@pass_catalog
def signals(catalog: Catalog, pool: str | None, is_json: bool) -> None:
    """List the signals with their settings and their coverage of POOL or of the whole catalog."""
    rows = catalog.signals(pool).to_dicts()
    if not is_json:
        empty = {
            key for key in ("stale", "index_recall", "origin") if not any(row[key] for row in rows)
        }
        rows = [{key: row[key] for key in row if key not in empty} for row in rows]
    echo_rows(
        rows,
        is_json=is_json,
        nothing=f"no signal yet: `catalog embed {pool or 'POOL'}` computes one",
    )


@click.group()
def scores() -> None:
    """Import published scores; add, list and remove formulas of scores."""


@scores.command("list")
@table_options
@pass_catalog
def list_scores(catalog: Catalog, is_json: bool) -> None:
    """List the scores that `catalog score` computes."""
    echo_rows(catalog.scores().to_dicts(), is_json=is_json)


@scores.command("add")
@click.argument("file")
@pass_catalog
def add_score(catalog: Catalog, file: str) -> None:
    """Add the formula in FILE, a SQL query over stored signals, as a score.

    The score has the name of the file. Its header names its inputs; the query reads each as a
    table: a score has the columns instruction_id, value and reason.

    \b
    -- summary: How much the prompt lowers the loss.
    -- inputs: response_loss, answer_loss
    SELECT instruction_id, answer_loss.value - response_loss.value AS value
    FROM response_loss JOIN answer_loss USING (instruction_id)
    """
    added = catalog.add_score(file)
    name = added.definition.name
    if added.replaced_at is None:
        echo_text(f"score {name}: added; `catalog score POOL {name}` computes it")
        return
    change = "the same SQL" if added.is_same else "other SQL"
    echo_text(f"score {name}: replaced {change} of {added.replaced_at:%Y-%m-%d %H:%M} UTC")


@scores.command("remove")
@click.argument("name")
@pass_catalog
def remove_score(catalog: Catalog, name: str) -> None:
    """Remove a formula that was added."""
    catalog.remove_score(name)
    echo_text(f"score {name}: removed")


@scores.command("drop")
@click.argument("name")
@pass_catalog
def drop_score(catalog: Catalog, name: str) -> None:
    """Remove the values of a score, imported or computed; subsets keep their members."""
    dropped = catalog.drop_score(name)
    click.echo(f"score {name}: {quantity(dropped.n_signals, 'signal')} dropped")
    if dropped.subsets:
        say(f"  `verify` cannot make these again: {listed(dropped.subsets)}")


@scores.command("import")
@click.argument("pool")
@click.argument("file")
@click.option("--name", help="Name of the score. Default: the column's, of a path the last part.")
@key_option
@click.option(
    "--column",
    "columns",
    multiple=True,
    help="Column of the number, or a path such as ratings.overall. Repeatable: each column is a "
    "score. Default: the score's name.",
)
@click.option(
    "--missing",
    multiple=True,
    type=float,
    metavar="NUMBER",
    help="Number that means no rating. Repeatable.",
)
@click.option("--made-by", help="Model, people or method that made the numbers.")
@click.option("--note", help="Text that is kept with the score.")
@click.option("--url", help="Where the numbers were published.")
@dry_run_option
@json_option
@pass_catalog
def import_scores(
    catalog: Catalog,
    /,
    pool: str,
    file: str,
    name: str | None,
    columns: tuple[str, ...],
    is_dry_run: bool,
    is_json: bool,
    **options: Any,
) -> None:
    """Import one number per instruction and score from Parquet, CSV, JSON Lines or .npy."""
    reports = catalog.import_score_columns(
        pool, file, _score_columns(name, columns), dry_run=is_dry_run, **options
    )
    if is_json and len(reports) > 1:
        echo_json([_import_record(report) for report in reports])
        return
    for report in reports:
        echo_import(report, is_json=is_json)


def _score_columns(name: str | None, columns: tuple[str, ...]) -> dict[str, str]:
    """Return the column of each score by the score's name."""
    if name is None:
        named = {column.rsplit(".", 1)[-1]: column for column in columns}
        if not columns:
            raise click.UsageError("name the score with --name, or its column with --column")
        if len(named) < len(columns):
            raise click.UsageError("two columns have one name: import them one by one with --name")
        return named
    if len(columns) > 1:
        raise click.UsageError("--name names one score: leave it out to import several columns")
    return {name: columns[0] if columns else name}


def echo_import(report: ImportReport, *, is_json: bool) -> None:
    """Print what an import wrote and what has no value."""
    signal = report.signal
    if is_json:
        echo_json(_import_record(report))
        return
    where = f" at {quantity(report.n_checkpoints, 'checkpoint')}" if report.n_checkpoints else ""
    members = f"{report.n_with_value:,} of {quantity(report.n_members, 'member')}{where}"
    echo_text(f"{signal.kind} {signal.name}: {_imported(report)}, {members}")
    for note in _import_notes(report):
        say(f"  {note}")
    say_reasons(report.reasons)
    if report.is_dry_run:
        say("  dry run: nothing was written")


def _import_record(report: ImportReport) -> dict[str, Any]:
    keys = [field.name for field in fields(report) if field.name != "signal"]
    record = {"signal": report.signal.name, "kind": report.signal.kind}
    return record | {key: getattr(report, key) for key in keys}


def _imported(report: ImportReport) -> str:
    if not report.is_new:
        return "identical values were already imported; this import is now the active one"
    return "would be imported" if report.is_dry_run else "imported"


def _import_notes(report: ImportReport) -> Iterator[str]:
    name = report.signal.name
    if report.signal.kind == "score" and (name in MEASURED or name in built_in_scores()):
        yield (
            f"selections read it in place of the {name} that `catalog score` computes; "
            "--name NAME keeps the two apart"
        )
    if report.n_kept:
        yield f"{report.n_kept:,} kept from the previous import: the file does not name them"
    if report.n_lost:
        yield (
            f"{report.n_lost:,} have no losses now: the file does not name them, and their "
            "previous losses are at other checkpoints"
        )
    if report.n_without_member:
        reason = "their records are not members (quarantined or folded)"
        if report.signal.details["key"] != "row":
            reason = f"no member has their key (the first: {report.first_without_member})"
        n_rows = quantity(report.n_rows, "row")
        yield f"{report.n_without_member:,} of {n_rows} skipped: {reason}"
