"""Why a row is in a subset or not, on the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.output import cell, echo_json, echo_rows
from catalog.cli.pools import pass_catalog
from catalog.cli.subsets import memory_option

PROMPT, FINGERPRINT = 40, 12  # characters that a table shows


@click.command()
@click.argument("reference", metavar="SUBSET")
@click.argument("which", metavar="FINGERPRINT|ROW")
@memory_option
@json_option
@pass_catalog
def why(catalog: Catalog, reference: str, which: str, memory: str, is_json: bool) -> None:
    """Say why a row of the pool is in SUBSET, or what it lacked.

    The row is a row number in the subset's pool version, or the first 8 or more digits of a
    fingerprint.
    """
    found = catalog.why(reference, which, memory=memory)
    if is_json:
        echo_json(found.as_dict())
        return
    click.echo("\n".join(found.lines()))
    if found.left_out and len(found.left_out.beside) > 1:
        click.echo()
        echo_rows(side_by_side(found.left_out.beside), is_json=False)


def side_by_side(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A few rows with a column each, since a selector returns more columns than a terminal is wide.

    >>> side_by_side([{"who": "this row", "prompt": "Add."}, {"who": "last selected", "turn": 2, "prompt": "Sort."}])
    [{'': 'prompt', 'this row': 'Add.', 'last selected': 'Sort.'}, {'': 'turn', 'this row': '', 'last selected': '2'}]
    """
    names = list(
        dict.fromkeys(("prompt", *(name for row in rows for name in row if name != "who")))
    )
    return [
        {"": name} | {row["who"]: _shown(name, row.get(name)) for row in rows} for name in names
    ]


def _shown(name: str, value: Any) -> str:
    if name == "fingerprint":
        return str(value)[:FINGERPRINT]
    text = " ".join(str(value).split()) if name == "prompt" else cell(value)
    return text if len(text) <= PROMPT else f"{text[: PROMPT - 1]}…"
