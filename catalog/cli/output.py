"""Output of commands: data on stdout, narration on stderr."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.columns import GAP, NAMES, Column, fitted
from catalog.cli.plain import plain
from catalog.json_text import json_text
from catalog.messages import shortened

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Console

CELL = 80
"""Characters of a cell in a table."""

NAME_CELL = 200
"""Characters of a name in a table. Names of pools and subsets have at most 100."""

QUIET = 0.5
"""Seconds of work before a bar is shown."""


def echo_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2))


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
        nothing: the text on stderr in place of an empty table.
    """
    records = list(rows) if isinstance(rows, Sequence) else rows.to_dicts()
    if is_json:
        echo_json(records)
    elif not records:
        say(nothing)
    else:
        echo_table(records)


def echo_table(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a table in the width of the terminal.

    Names and numbers stay whole; other cells wrap or are cut.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console()
    columns = [_column(name, [record[name] for record in records]) for name in records[0]]
    kept, widths = fitted(columns, screen.width if sys.stdout.isatty() else None)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column, width in zip(kept, widths, strict=True):
        header = Text(column.name, no_wrap=False, overflow="fold")
        justify: Any = "right" if column.is_number else "left"
        table.add_column(
            header, justify=justify, no_wrap=column.is_whole, overflow="ellipsis", width=width
        )
    for row in zip(*(column.cells for column in kept), strict=True):
        table.add_row(*map(Text, row))
    # The terminal wraps a line that is still too long.
    screen.width = max(screen.width, sum(widths) + GAP * len(widths))
    screen.print(table)
    left_out = [column.name for column in columns if column not in kept]
    if left_out:
        say(
            f"{len(left_out)} columns do not fit and are left out ({', '.join(left_out)}): "
            "widen the terminal, or use --json"
        )


def _column(name: str, values: list[Any]) -> Column:
    most = NAME_CELL if name in NAMES else CELL
    is_number = all(isinstance(value, int | float) for value in values if value is not None)
    return Column(name, tuple(cell(value, most=most) for value in values), is_number)


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
            return f"{value:.4g}"
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%S")
        case list() if all(isinstance(item, str) for item in value):
            text = ", ".join(value)
        case list() | dict():
            text = json_text(plain(value))
        case _:
            text = str(plain(value))
    text = text.replace("\r\n", "⏎").replace("\n", "⏎").replace("\t", " ")
    return shortened(text, most)


def say(text: str) -> None:
    """Print one line on stderr."""
    click.echo(text, err=True)


def console() -> Console:
    """Return a console on stdout, as wide as the terminal, or 400 characters without one."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(soft_wrap=False)
    return Console(width=400, no_color=True)


@contextmanager
def progress_bar(text: str, *, unit: str) -> Iterator[Any]:
    """Show a bar with rate and time left on stderr when that is a terminal.

    Yields a function of (done, total, units). ``done`` and ``total`` move the bar, in any measure
    that is known in advance (bytes, percent). ``units`` are counted. Work of less than `QUIET`
    seconds shows no bar. Do not print inside the block: the bar and the text would mix.
    """
    if not sys.stderr.isatty():
        yield lambda done, total, units: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[units]:,} " + unit),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns, console=Console(stderr=True), transient=True)
    task = progress.add_task(text, total=None, units=0, rate=0.0)

    def update(done: float, total: float | None, units: int) -> None:
        elapsed = progress.tasks[0].elapsed or 0.0
        progress.update(
            task, completed=done, total=total, units=units, rate=units / elapsed if elapsed else 0.0
        )

    showing = threading.Timer(QUIET, progress.start)
    showing.daemon = True
    showing.start()
    try:
        yield update
    finally:
        showing.cancel()
        showing.join()  # the timer may be starting the bar
        progress.stop()
