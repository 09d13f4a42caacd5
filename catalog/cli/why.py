"""Command `why`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import table_options
from catalog.cli.options import memory_option, pass_catalog
from catalog.cli.output import cell, echo_json, echo_rows, echo_text
from catalog.messages import shortened

PROMPT, FINGERPRINT = 40, 12
"""Characters of these columns in a table."""


@click.command()
@click.argument("reference", metavar="SUBSET")
@click.argument("which", metavar="FINGERPRINT|ROW")
@click.option(
    "--all",
    "is_all",
    is_flag=True,
    help="List every condition and join that the row fails, not only the first, as --json does.",
)
@memory_option
@table_options
@pass_catalog
def why(
    catalog: Catalog, reference: str, which: str, is_all: bool, memory: str, is_json: bool
) -> None:
    """Explain why a row of the pool is in SUBSET or not.

    The row is a row number in the subset's pool version, or at least the first 8 digits of a
    fingerprint.
    """
    found = catalog.why(reference, which, is_all=is_all or is_json, memory=memory)
    if is_json:
        echo_json(found.as_dict())
        return
    echo_text("\n".join(found.lines()))
    if found.left_out and len(found.left_out.beside) > 1:
        click.echo()
        echo_rows(side_by_side(found.left_out.beside), is_json=False)


def side_by_side(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows as columns: a selector returns more columns than fit on a terminal.

    >>> this = {"who": "this row", "prompt": "Add."}
    >>> last = {"who": "last selected", "round": 2, "prompt": "Sort."}
    >>> side_by_side([this, last])[0]
    {'': 'prompt', 'this row': 'Add.', 'last selected': 'Sort.'}
    >>> side_by_side([this, last])[1]
    {'': 'round', 'this row': '', 'last selected': '2'}
    """
    names = dict.fromkeys(["prompt", *(name for row in rows for name in row)])
    names.pop("who", None)
    return [
        {"": name} | {row["who"]: _shown(name, row.get(name)) for row in rows} for name in names
    ]


def _shown(name: str, value: Any) -> str:
    if name == "fingerprint":
        return str(value)[:FINGERPRINT]
    text = cell(value)
    if name == "prompt":
        text = " ".join(str(value).split())
    return shortened(text, PROMPT)
