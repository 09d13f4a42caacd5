"""Show how far a command is, on a terminal."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from catalog.cli.output import speed

QUIET = 0.5
"""Seconds of work before a bar is shown."""
_LEAST_BAR = 5  # characters of a progress bar
_TIME = 7  # characters of a time that is left
_LEAST_TEXT = 10  # characters of the text before a bar
_SPEED = 12  # characters of a speed
_BESIDE_TEXT = 51  # characters of the rest of its line: bar, share, ten digits, speed, time, gaps


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
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Column as Cell

    screen = Console(stderr=True)
    room = screen.width - _BESIDE_TEXT - len(unit)
    is_fast = len(text) <= room  # a name comes before a speed, and a speed before a bar
    room += 0 if is_fast else _SPEED
    is_drawn = len(text) <= room
    described = Cell() if is_drawn else Cell(ratio=1, no_wrap=True, min_width=_LEAST_TEXT)
    bar = BarColumn(bar_width=None, table_column=Cell(ratio=1, min_width=_LEAST_BAR))
    columns = (
        TextColumn("{task.description}", table_column=described),
        *([bar] if is_drawn else []),
        TextColumn("{task.fields[share]}"),
        TextColumn("{task.fields[counted]}"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(table_column=Cell(no_wrap=True, min_width=_TIME)),
        TextColumn("{task.fields[left]}"),
    )
    progress = Progress(*columns, console=screen, transient=True, expand=True)
    unknown: dict[str, Any] = {"share": "", "counted": "", "speed": "", "left": ""}
    task = progress.add_task(text, total=None, **unknown)

    def update(done: float, total: float | None, units: int) -> None:
        elapsed = progress.tasks[0].elapsed or 0.0
        progress.update(
            task,
            completed=done,
            total=total,
            share=f"{100 * done / total:>3.0f}%" if total else "",
            counted=f"{units:,} {unit}" if units else "",
            speed=speed(units, elapsed) if is_fast else "",
            left="left" if total else "",
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
