"""Output of commands: data on stdout, narration on stderr."""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

import click

from catalog.cli.columns import COMMAND, GAP, NAMES, Column, blocks, fitted, header
from catalog.cli.plain import plain, visible
from catalog.cli.wrapping import wrapped
from catalog.json_text import json_text
from catalog.messages import shortened, significant

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

CELL = 80
"""Characters of a cell in a table."""

NAME_CELL = 200
"""Characters of a name in a table. Names of pools and subsets have at most 100."""

RECORD_CELL = 240
"""Characters of a value of a row that is printed as lines."""

HASH = 12
"""Digits of a sha256 in a table on a terminal."""

WIDE = "catalog.wide"
"""Key of the flag ``--wide`` in the context of a command."""


_SHA256 = re.compile("[0-9a-f]{64}")
_LEAST_VALUE = 20  # characters of a line of a value


def echo_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2))


def echo_one_or_all(values: Sequence[Any], reference: str) -> None:
    """Print a JSON document: a list for a glob, else the only value."""
    from catalog.store.references import is_glob

    echo_json(list(values) if is_glob(reference) else values[0])


def echo_rows(
    rows: pl.DataFrame | Sequence[Mapping[str, Any]],
    *,
    is_json: bool,
    nothing: str = "no rows",
) -> None:
    """Print rows: a JSON array of objects, or a table for a person.

    Args:
        rows: a frame, or a list of dicts with the same keys.
        is_json: the ``--json`` flag.
        nothing: the text on stderr if there are no rows.
    """
    records = list(rows) if isinstance(rows, Sequence) else rows.to_dicts()
    if is_json:
        echo_json(records)
    elif not records:
        say(nothing)
    else:
        echo_table(records)


def echo_table(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a table in the width of the terminal, or in its own width with ``--wide``.

    Names, numbers, dates and hashes stay whole; other cells wrap or are cut.
    """
    columns = table_columns(records)
    width = table_width()
    kept, widths = fitted(columns, width)
    _print_table(kept, widths)
    left_out = [column.name for column in columns if column not in kept]
    if left_out:
        noun = "column" if len(left_out) == 1 else "columns"
        say(f"{len(left_out)} more {noun}: --wide or --json ({', '.join(left_out)})")


def echo_across(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a table whose columns are named by subjects, in as many tables as keep them whole.

    Each table starts with the first column.
    """
    for n, kept in enumerate(blocks(table_columns(records), table_width())):
        if n:
            click.echo()
        _print_table(kept, [column.widest for column in kept])


def echo_records(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a table; on a terminal that it does not fit, each row as lines of name and value."""
    columns = table_columns(records, most=RECORD_CELL)
    if len(fitted(columns, table_width())[0]) == len(columns):
        echo_table(records)
        return
    names = max(len(column.name) for column in columns)
    width = max(console().width - names - 2, _LEAST_VALUE)
    for n, cells in enumerate(zip(*(column.cells for column in columns), strict=True), 1):
        click.secho(f"── row {n:,} ".ljust(names + 2 + min(width, CELL), "─"), dim=True)
        for column, text in zip(columns, cells, strict=True):
            lines = [text] if column.name == COMMAND else textwrap.wrap(text, width) or [""]
            margin = "\n" + " " * (names + 2)
            click.echo(f"{column.name:{names}}  {margin.join(lines)}".rstrip())


def table_columns(records: Sequence[Mapping[str, Any]], *, most: int = CELL) -> list[Column]:
    """Return the columns of a table with the texts of their cells, of at most that length."""
    return [_column(cell(name), [record[name] for record in records], most) for name in records[0]]


def table_width() -> int | None:
    """Return the characters of a line of a table; None for any number of them."""
    context = click.get_current_context(silent=True)
    is_wide = context is not None and context.meta.get(WIDE, False)
    return console().width if sys.stdout.isatty() and not is_wide else None


def _print_table(columns: Sequence[Column], widths: Sequence[int]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column, width in zip(columns, widths, strict=True):
        justify: Any = "right" if column.is_number else "left"
        table.add_column(
            Text(header(column.name, width), overflow="fold"),
            justify=justify,
            no_wrap=column.is_whole,
            overflow="ellipsis",
            width=width,
        )
    for row in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, row))
    screen = console()
    # The terminal wraps a line that is still too long.
    screen.width = max(screen.width, sum(widths) + GAP * len(widths))
    screen.print(table)


def _column(name: str, values: list[Any], most: int) -> Column:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, str) and _SHA256.fullmatch(value) for value in known):
        digits = None if table_width() is None else HASH
        cells = tuple("" if value is None else value[:digits] for value in values)
        return Column(name, cells, is_number=False, is_fixed=True)
    most = max(most, NAME_CELL) if name in NAMES else most
    return Column(
        name,
        tuple(cell(value, most=most) for value in values),
        is_number=all(isinstance(value, int | float) for value in known),
        is_fixed=bool(known) and all(isinstance(value, datetime) for value in known),
    )


def cell(value: Any, *, most: int = CELL) -> str:
    """Return one value as a table shows it, cut after ``most`` characters.

    >>> [cell(value) for value in (1234567, None, ["a", "b"], "two\\nlines", 0.123456789)]
    ['1,234,567', '', 'a, b', 'two⏎lines', '0.1235']
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return significant(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case list() if all(isinstance(item, str) for item in value):
            text = ", ".join(value)
        case list() | dict():
            text = json_text(plain(value))
        case _:
            text = str(plain(value))
    text = text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", " ")
    return visible(shortened(text, most))


def say(text: str, *, fg: str | None = None) -> None:
    """Print a sentence on stderr, wrapped between words on a terminal."""
    click.secho(_in_width(text, sys.stderr), fg=fg, err=True)


def echo_text(text: str) -> None:
    """Print sentences on stdout, wrapped between words on a terminal."""
    click.echo(_in_width(text, sys.stdout))


def _in_width(text: str, file: IO[str]) -> str:
    text = visible(text)
    return wrapped(text, shutil.get_terminal_size().columns) if file.isatty() else text


def console() -> Console:
    """Return a console on stdout, as wide as the terminal, or 400 characters without one."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(soft_wrap=False)
    return Console(width=400, no_color=True)


def speed(n: int, seconds: float, noun: str = "") -> str:
    """Return how fast something is done; below one a second, how long each takes.

    >>> speed(30_000, 10, "tokens"), speed(5, 2), speed(2, 5), speed(0, 5)
    ('3,000 tokens/s', '2.5/s', '2.5 s each', '')
    """
    if not n or not seconds:
        return ""
    rate = n / seconds
    if rate < 1:
        return f"{seconds / n:,.1f} s each"
    digits = 1 if rate < 10 else 0
    return f"{rate:,.{digits}f}{noun and f' {noun}'}/s"
