"""What commands print: data on stdout, narration on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from catalog.cli.plain import plain
from catalog.json_text import json_text

if TYPE_CHECKING:
    import pyarrow as pa
    from rich.console import Console

CELL = 80  # characters of a cell that a table shows


def echo_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=2))


def echo_rows(rows: pa.Table | Sequence[Mapping[str, Any]], *, is_json: bool, nothing: str = "nothing here yet") -> None:
    """Print rows: a JSON array of objects, or a table for a person.

    Args:
        rows: what to print; an Arrow table or a list of dicts with the same keys.
        is_json: the ``--json`` flag.
        nothing: said on stderr instead of an empty table.
    """
    records = list(rows) if isinstance(rows, Sequence) else rows.to_pylist()
    if is_json:
        echo_json(records)
    elif not records:
        say(nothing)
    else:
        echo_table(records)


def echo_table(records: Sequence[Mapping[str, Any]]) -> None:
    """Print a table; numbers to the right, long cells cut to fit a terminal."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    columns = list(records[0])
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        values = [record[column] for record in records]
        is_number = all(isinstance(value, int | float) for value in values if value is not None)
        table.add_column(Text(column), justify="right" if is_number else "left", no_wrap=is_number, overflow="ellipsis")
    for record in records:
        table.add_row(*(Text(cell(record[column])) for column in columns))
    console().print(table)


def cell(value: Any) -> str:
    """One value as a table shows it.

    >>> cell(1234567), cell(None), cell(["a", "b"]), cell("two\\nlines"), cell(0.123456789)
    ('1,234,567', '', 'a, b', 'two⏎lines', '0.1235')
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
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


def few(names: Sequence[str], *, n: int = 10) -> str:
    """Return at most ``n`` names for a message, and how many more there are.

    >>> few(["a", "b", "c"], n=2)
    'a, b and 1 more'
    """
    n_more = len(names) - n
    return ", ".join(names[:n]) + (f" and {n_more:,} more" if n_more > 0 else "")


def say(text: str) -> None:
    """Narrate: one line on stderr."""
    click.echo(text, err=True)


def console() -> Console:
    """Stdout as rich sees it: as wide as the terminal, or as wide as the data when it is no terminal."""
    from rich.console import Console

    return Console(soft_wrap=False) if sys.stdout.isatty() else Console(width=400, no_color=True)


@contextmanager
def progress_bar(text: str, *, unit: str) -> Iterator[Any]:
    """A bar with rate and time left on stderr when that is a terminal; the value is called with (done, total, units).

    ``done`` and ``total`` move the bar, in whatever measure is known ahead (bytes, percent); ``units`` are counted.
    """
    if not sys.stderr.isatty():
        yield lambda done, total, units: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

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
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(text, total=None, units=0, rate=0.0)

        def update(done: float, total: float | None, units: int) -> None:
            elapsed = progress.tasks[0].elapsed or 0.0
            progress.update(task, completed=done, total=total, units=units, rate=units / elapsed if elapsed else 0.0)

        yield update
