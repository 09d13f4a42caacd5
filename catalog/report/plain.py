"""Rows as the page's JSON shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from catalog.json_text import json_text

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 100_000
"""Characters of a text that the page shows."""

EXACT = 2**53
"""Integers up to this one are exact in a browser."""


def plain_rows(table: pa.Table, *, longest: int = LONGEST) -> list[dict[str, Any]]:
    """Return the rows of a table with values that JSON has; a very long text is cut.

    >>> import pyarrow as pa
    >>> plain_rows(pa.table({"a": [b"x"], "b": [float("nan")]}))
    [{'a': "b'x'", 'b': None}]
    """
    from catalog.arrow import to_python

    names = table.column_names
    rows = zip(*map(to_python, table.columns), strict=True)
    return [
        {name: _plain(value, longest) for name, value in zip(names, row, strict=True)}
        for row in rows
    ]


def plain_cells(table: pa.Table, *, longest: int) -> list[list[Any]]:
    """Return the rows of a table as lists; a nested value that is too long becomes a cut text.

    >>> import pyarrow as pa
    >>> plain_cells(pa.table({"a": [[1, 2]], "b": ["long"]}), longest=3)
    [['[1,… (3 more characters)', 'lon… (1 more characters)']]
    """
    rows = plain_rows(table, longest=longest)
    return [[_short(value, longest) for value in row.values()] for row in rows]


def _short(value: Any, longest: int) -> Any:
    if not isinstance(value, list | dict):
        return value
    text = json_text(value)
    return value if len(text) <= longest else _cut(text, longest)


def _cut(text: str, longest: int) -> str:
    more = f"… ({len(text) - longest:,} more characters)" if len(text) > longest else ""
    return text[:longest] + more


def _plain(value: Any, longest: int) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= EXACT else str(value)
    if isinstance(value, list | tuple):
        return [_plain(item, longest) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item, longest) for key, item in value.items()}
    return _cut(str(value), longest)
