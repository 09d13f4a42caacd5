"""Values in the types of JSON, and texts without what a terminal obeys."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any

_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and newline, and marks that reorder the rest of a line."""


def visible(text: str) -> str:
    """Return a text with a picture of each control character, which a terminal would obey.

    >>> visible("\\x1b[31mred\\x07"), visible("a\\x9b\\u202eb"), visible("two\\nlines")
    ('␛[31mred␇', 'a��b', 'two\\nlines')
    """
    return _OBEYED.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "�"


def plain(value: Any) -> Any:
    """Return a value, with nested ones, in the types of JSON.

    A number that is not finite becomes null, bytes become hex digits, and a value of any other
    type becomes text.

    >>> plain([float("inf"), b"ab", datetime(2026, 1, 2, 3)])
    [None, '6162', '2026-01-02T03:00:00']
    """
    match value:
        case None | str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple() if not hasattr(value, "nanoseconds"):
            return [plain(item) for item in value]
        case _:
            return _text(value)


def _text(value: Any) -> str:
    if hasattr(value, "nanoseconds"):  # the interval of pyarrow, which is not imported here
        return _interval(value.months, value.days, value.nanoseconds)
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _interval(months: int, days: int, nanoseconds: int) -> str:
    """Return an interval as DuckDB reads it.

    >>> _interval(14, -3, 2_500_000_000), _interval(0, 1, 0), _interval(0, 0, 0)
    ('14 months -3 days 2.5 seconds', '1 days', '0 seconds')
    """
    parts = {"months": months, "days": days, "seconds": nanoseconds / 1_000_000_000}
    return " ".join(f"{n:.15g} {unit}" for unit, n in parts.items() if n) or "0 seconds"
