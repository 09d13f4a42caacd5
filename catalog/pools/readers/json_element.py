"""Read one element of a JSON document, which can be broken."""

from __future__ import annotations

from typing import Any

from catalog.pools.readers.json_recovery import Elements
from catalog.pools.readers.records import MAX_RECORD, not_json, scan
from catalog.pools.readers.window import Window
from catalog.pools.reasons import Rejection

_LONGEST_LITERAL = 16
"""Characters before the end of the window in which a literal can be incomplete."""


def element(window: Window, known: Elements) -> tuple[Any, str]:
    """Return the value at the window's place, or a rejection, and its text. The window moves on."""
    while True:
        text, place = window.text, window.place
        try:
            value, end = scan(text, place)
        except (ValueError, StopIteration, RecursionError) as error:
            if _may_be_cut(error, text) and len(text) - place < MAX_RECORD and window.more():
                continue
            return _lost(window, known, error)
        if end == len(text) and window.more():  # a number can continue
            continue
        known.last = value
        return value, window.take(end)


def _may_be_cut(error: BaseException, text: str) -> bool:
    """Return whether an error can come from the end of the window alone."""
    if isinstance(error, RecursionError):
        return False
    place = error.value if isinstance(error, StopIteration) else getattr(error, "pos", 0)
    return place + _LONGEST_LITERAL >= len(text) or str(error).startswith("Unterminated string")


def _lost(window: Window, known: Elements, error: BaseException) -> tuple[Rejection, str]:
    """Skip a broken element, and return its rejection and its text."""
    end = known.end(window)
    if end is None:
        rejection = Rejection("too_large", f"no end within {MAX_RECORD:,} characters")
        return rejection, window.take(len(window.text))
    raw = window.take(max(end, window.place + 1))
    return not_json(error), raw.rstrip(", \t\r\n")
