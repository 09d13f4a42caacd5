"""Table functions on the command line: what SQL can call, and kernels of the user's own."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from catalog.catalog import Catalog
from catalog.cli.group import table_options
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, say

if TYPE_CHECKING:
    from catalog.query.functions import FunctionDescription

WIDTH = 96


@click.command()
@click.argument("name", required=False)
@table_options
@pass_catalog
def functions(catalog: Catalog, name: str | None, is_json: bool) -> None:
    """Describe the table functions of SQL: arguments, defaults, columns and an example."""
    described = catalog.functions() if name is None else [catalog.function(name)]
    if is_json:
        echo_json([asdict(function) for function in described])
    elif name is None:
        keys = ("name", "kind", "summary")
        rows = [{key: getattr(function, key) for key in keys} for function in described]
        echo_rows(rows, is_json=False)
    else:
        _echo(described[0])


@click.group(invoke_without_command=True)
@table_options
@click.pass_context
def kernels(ctx: click.Context, is_json: bool) -> None:
    """List the kernels that SQL can call, or add one of your own."""
    if ctx.invoked_subcommand is None:
        rows = [asdict(kernel) for kernel in ctx.obj.kernels()]
        echo_rows(rows, is_json=is_json)


@kernels.command("add")
@click.argument("file")
@pass_catalog
def add_kernel(catalog: Catalog, file: str) -> None:
    """Copy a Python file into the catalog as a kernel.

    FILE is NAME.py and defines one function NAME under `@kernel(...)`. Its code runs with your
    rights whenever a query calls it. Read it first.
    """
    say(f"{file} is code: it runs with your rights, now and whenever a query calls it")
    added = catalog.add_kernel(file)
    say(f"{added.kernel.name}: version {added.kernel.version}, sha256 {added.sha256}")
    if added.replaced_sha256 == added.sha256:
        say("  the same file was added before")
    elif added.replaced_sha256:
        say(f"  replaces the file with sha256 {added.replaced_sha256}")


@kernels.command("trust")
@click.argument("name")
@pass_catalog
def trust_kernel(catalog: Catalog, name: str) -> None:
    """Let a kernel that somebody else added to the catalog run with your rights."""
    trusted = catalog.trust_kernel(name)
    say(f"{name}: trusted; its code is {trusted.source}")


@kernels.command("remove")
@click.argument("name")
@pass_catalog
def remove_kernel(catalog: Catalog, name: str) -> None:
    """Remove a kernel that you added."""
    catalog.remove_kernel(name)
    say(f"{name}: removed; its subsets stay, and `catalog verify` cannot run them again")


def _echo(function: FunctionDescription) -> None:
    click.echo(f"{_wrapped(function.call)}\n\n{_wrapped(function.summary)}")
    for argument in function.arguments:
        default = f", default {argument.default}" if argument.default is not None else ""
        click.echo(f"\n{argument.name}: {argument.type}{default}")
        if argument.meaning:
            click.echo(_wrapped(argument.meaning, indent="    "))
        for value, note in argument.notes.items():
            click.echo(_wrapped(f"'{value}': {note}", indent="    "))
    if function.returns != function.summary:
        click.echo(f"\nReturns:\n{_wrapped(function.returns, indent='    ')}")
    for name, type_ in function.adds.items():
        click.echo(f"    {name} {type_}")
    if function.example:
        click.echo(f"\nExample:\n{textwrap.indent(function.example, '    ')}")


def _wrapped(text: str, *, indent: str = "") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent or "    ")
