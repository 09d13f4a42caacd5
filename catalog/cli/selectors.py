"""Command group `selectors`."""

from __future__ import annotations

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_rows, say


@click.group(invoke_without_command=True)
@json_option
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
@pass_catalog
def add_selector(catalog: Catalog, file: str) -> None:
    """Store a .sql file in the catalog as a selector, replacing an earlier one of its name."""
    added = catalog.add_selector(file)
    say(f"{added.selector.name}: {added.selector.summary}")
    if not added.replaced_at:
        return
    difference = "the same text"
    if not added.is_same:
        difference = "another text; its subsets keep that text"
    say(f"  replaces the one of {added.replaced_at:%Y-%m-%d %H:%M:%S} UTC, which had {difference}")


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
