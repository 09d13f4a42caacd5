"""Tables in JSON, as rows under a header or by columns. Their rows are the records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from catalog.pools.readers.records import Container, Record
from catalog.pools.reasons import Rejection

_NAME = re.compile(r"[^\W\d][\w .-]{0,39}")


def tabled(container: Container, *, reads: Callable[[Any], bool]) -> Iterator[Record]:
    """Return a container's records, or its rows if its first record shows a table.

    - ``["instruction", "output"]`` before lists is a header: each list is a row.
    - ``{"instruction": ["q", ...], "output": ["a", ...]}`` (`Dataset.to_dict`) and
      ``{"instruction": {"0": "q", ...}, ...}`` (pandas) are columns. The position of a row is that
      of the object, and ``row`` with its number from 0.

    Args:
        container: the container to read, which gets the name of the table.
        reads: returns whether a value is a record with a prompt and an answer.
    """
    first = next(container.records, None)
    if first is None:
        return iter(())
    stream = chain([first], container.records)
    if _is_header(first[1], reads):
        container.name += " with a header"
        return _under_header(container.records, names=first[1])
    if columns_of(first[1], reads) is not None:
        container.name += " of columns"
        return _rows(stream, reads)
    return stream


def row_of(names: list[str], cells: Any) -> Any:
    """Return a list of cells as an object, and any other value unchanged.

    >>> row_of(["a", "b"], [1, 2]), row_of(["a"], [1, 2]).reason
    ({'a': 1, 'b': 2}, 'wrong_columns')
    """
    if not isinstance(cells, list):
        return cells
    if len(cells) != len(names):
        return Rejection("wrong_columns", f"{len(cells)} cells, {len(names)} columns")
    return dict(zip(names, cells, strict=True))


def columns_of(value: Any, reads: Callable[[Any], bool]) -> list[dict[str, Any]] | None:
    """Return the rows of an object that is a table by columns; None for anything else."""
    if not isinstance(value, dict) or not value:
        return None
    columns = list(value.values())
    if all(isinstance(column, dict) for column in columns):
        if not columns[0] or any(column.keys() != columns[0].keys() for column in columns):
            return None
        cells = [[column[key] for key in columns[0]] for column in columns]
    elif (
        all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns)
        and columns[0]
    ):
        cells = columns
    else:
        return None
    if reads(value) or not reads(
        {name: column[0] for name, column in zip(value, cells, strict=True)}
    ):
        return None
    return [dict(zip(value, row, strict=True)) for row in zip(*cells, strict=True)]


def _is_header(value: Any, reads: Callable[[Any], bool]) -> bool:
    if (
        not isinstance(value, list)
        or len(value) < 2
        or not all(isinstance(name, str) and _NAME.fullmatch(name) for name in value)
    ):
        return False
    return len(set(value)) == len(value) and reads(dict.fromkeys(value, "x"))


def _under_header(records: Iterator[Record], *, names: list[str]) -> Iterator[Record]:
    for position, value, raw in records:
        row = row_of(names, value)
        yield position, row, raw if isinstance(row, Rejection) else None


def _rows(records: Iterator[Record], reads: Callable[[Any], bool]) -> Iterator[Record]:
    for position, value, raw in records:
        rows = columns_of(value, reads)
        if rows is None:
            yield position, value, raw
            continue
        for n, row in enumerate(rows):
            yield f"{position} row {n}", row, None
