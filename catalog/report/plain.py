"""Rows as the page's JSON shows them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LONGEST = 100_000
"""Characters of a text that the page shows."""


def plain_rows(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a table with values that JSON has; a very long text is cut.

    >>> import pyarrow as pa
    >>> plain_rows(pa.table({"a": [b"x"], "b": [float("nan")]}))
    [{'a': "b'x'", 'b': None}]
    """
    from catalog.arrow import to_python

    names = table.column_names
    rows = zip(*map(to_python, table.columns), strict=True)
    return [dict(zip(names, map(_plain, row), strict=True)) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        cut = f"… ({len(value) - LONGEST:,} more characters)" if len(value) > LONGEST else ""
        return value[:LONGEST] + cut
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, int | bool):
        return value
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return str(value)
