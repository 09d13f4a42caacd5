"""Command group `selectors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.catalog import Catalog
from catalog.cli.group import DONE, FAILED, json_option, table_options
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, say
from catalog.messages import quantity

if TYPE_CHECKING:
    from catalog.selection.lint import LintedSelector

UNEXPLAINED = "`diff --definition` cannot say what changes in it; all findings are DuckDB's own"


@click.group(invoke_without_command=True)
@table_options
@click.pass_context
def selectors(ctx: click.Context, is_json: bool) -> None:
    """List the selectors, or manage your own."""
    if ctx.invoked_subcommand is not None:
        return
    rows = ctx.obj.selectors().to_dicts()
    if not is_json:
        rows = [{key: row[key] for key in ("selector", "needs", "summary")} for row in rows]
    echo_rows(rows, is_json=is_json)


@selectors.command("add")
@click.argument("file")
@click.option("--strict", "is_strict", is_flag=True, help="Refuse a selector with findings.")
@pass_catalog
def add_selector(catalog: Catalog, file: str, is_strict: bool) -> None:
    """Store a .sql file in the catalog as a selector, replacing an earlier one of its name."""
    added = catalog.add_selector(file, strict=is_strict)
    for warning in added.warnings:
        say(f"  {warning}")
    say(f"{added.selector.name}: {added.selector.summary}")
    if not added.replaced_at:
        return
    difference = "the same text"
    if not added.is_same:
        difference = "another text; its subsets keep that text"
    say(f"  replaces the one of {added.replaced_at:%Y-%m-%d %H:%M:%S} UTC, which had {difference}")


@selectors.command("lint")
@click.argument("names", metavar="SELECTOR...", nargs=-1, required=True)
@click.option(
    "--pool",
    metavar="POOL",
    help="Pool or subset whose signals and scores are the columns. Default: any score name.",
)
@click.option("--fix", "is_fixing", is_flag=True, help="Write deciding keys into the files.")
@json_option
@click.pass_context
def lint(
    ctx: click.Context, names: tuple[str, ...], pool: str | None, is_fixing: bool, is_json: bool
) -> None:
    """Find what is wrong with selectors, or may differ in another run. Exit code 1 means findings.

    SELECTOR is a .sql file or a name.
    """
    linted = [ctx.obj.lint_selector(name, pool=pool, fix=is_fixing) for name in names]
    if is_json:
        echo_json([each.as_dict() for each in linted])
    else:
        for each in linted:
            _echo_findings(each)
    ctx.exit(FAILED if any(each.findings for each in linted) else DONE)


def _echo_findings(linted: LintedSelector) -> None:
    for finding in linted.findings:
        click.echo(f"{finding.location}: {finding.rule}: {finding.message}")
    n = len(linted.findings)
    fixable = sum(finding.edit is not None for finding in linted.findings)
    summary = quantity(n, "finding")
    say(f"{linted.file}: {summary}" + (f", {fixable:,} can be repaired by --fix" * bool(fixable)))
    if not linted.is_understood:
        say(f"{linted.file}: sqlglot reads it otherwise: {UNEXPLAINED}")


@selectors.command("remove")
@click.argument("name")
@pass_catalog
def remove_selector(catalog: Catalog, name: str) -> None:
    """Remove a selector from the catalog."""
    catalog.remove_selector(name)
    say(f"{name}: removed; its subsets keep its text")


@selectors.command("show")
@click.argument("name")
@pass_catalog
def show_selector(catalog: Catalog, name: str) -> None:
    """Print the text of a selector."""
    click.echo(catalog.selector(name).text.rstrip())
