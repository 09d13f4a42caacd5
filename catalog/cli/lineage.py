"""Command `lineage`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json
from catalog.errors import OptionError

if TYPE_CHECKING:
    from rich.text import Text

    from catalog.subsets.lineage.graph import Lineage, LineageNode

WIDTH = 80
"""Columns of the tree where there is no terminal."""


@click.command()
@click.argument("reference")
@click.option(
    "--format",
    "shape",
    type=click.Choice(("text", "json", "mermaid", "svg")),
    help="Output format. Default: text.",
)
@json_option
@pass_catalog
def lineage(catalog: Catalog, reference: str, shape: str | None, is_json: bool) -> None:
    """Trace a pool or subset back to its files and models, and forward to what was made from it."""
    if is_json and shape not in (None, "json"):
        raise OptionError(f"--json and --format {shape} print different things: use one of them")
    found = catalog.lineage(reference)
    if is_json or shape == "json":
        echo_json(found.as_dict())
    elif shape == "mermaid":
        from catalog.subsets.lineage.mermaid import mermaid

        click.echo(mermaid(found), nl=False)
    elif shape == "svg":
        from catalog.subsets.lineage.svg import svg

        click.echo(svg(found), nl=False)
    else:
        _echo_tree(found)


def _echo_tree(lineage: Lineage) -> None:
    from rich.console import Console
    from rich.tree import Tree

    from catalog.subsets.lineage.graph import tree_lines

    is_terminal = sys.stdout.isatty()
    console = Console() if is_terminal else Console(width=WIDTH, no_color=True)
    top = Tree(_label(lineage.root))
    for title, is_forward in (("made from", False), ("used by", True)):
        branches = [top.add(title)]
        lines = list(tree_lines(lineage, is_forward=is_forward))
        for depth, node, is_repeated in lines:
            del branches[depth:]
            branches.append(branches[-1].add(_label(node, is_repeated=is_repeated)))
        if not lines:
            branches[0].add("nothing")
    console.print(top)


def _label(node: LineageNode, *, is_repeated: bool = False) -> Text:
    from rich.text import Text

    parts = [f"{node.kind} {node.title}", node.summary, "see above" if is_repeated else ""]
    return Text(", ".join(part for part in parts if part), overflow="fold")
