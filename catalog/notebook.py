"""Results as a notebook shows them: a table of names and values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any, TypeVar

from catalog.messages import quantity, shortened, significant

ROWS = 10
"""Rows and items that a notebook shows of a table or a list."""

LONGEST_TEXT = 200

Item = TypeVar("Item")


class NotebookResult:
    """Base of dataclasses that a notebook shows as a table, a field a row."""

    def _repr_html_(self) -> str:
        return html_table(_items(self), caption=type(self).__name__)


class ResultList(list[Item]):
    """List of results that a notebook shows as a table, a result a row."""

    def _repr_html_(self) -> str:
        rows = [dict(_items(each)) for each in self[:ROWS]]
        return f"{quantity(len(self), 'row')}{_rows(rows)}{_more(self)}"


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return the fields of a dataclass that its repr shows."""
    return [
        (field.name, getattr(value, field.name))
        for field in fields(value)
        if field.repr and not field.name.startswith("_")
    ]


def html_table(items: list[tuple[str, Any]], *, caption: str = "") -> str:
    """Return names and values as an HTML table.

    >>> html_table([("n_members", 1000), ("name", "a<b")])
    '<table><tr><th>n_members</th><td>1,000</td></tr><tr><th>name</th><td>a&lt;b</td></tr></table>'
    """
    head = f"<caption>{escape(caption)}</caption>" if caption else ""
    rows = [f"<tr><th>{escape(name)}</th><td>{_cell(value)}</td></tr>" for name, value in items]
    return f"<table>{head}{''.join(rows)}</table>"


def _cell(value: Any) -> str:
    if isinstance(value, NotebookResult):
        return value._repr_html_()
    if hasattr(value, "to_pylist"):  # an Arrow table
        return f"{quantity(len(value), 'row')}{_rows(value.slice(0, ROWS).to_pylist())}"
    if hasattr(value, "to_dicts"):  # a polars frame
        return f"{quantity(len(value), 'row')}{_rows(value.head(ROWS).to_dicts())}"
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return html_table(_items(value))
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in list(value.items())[:ROWS]]
        return html_table(items) + _more(value)
    if isinstance(value, list | tuple):
        if value and all(isinstance(item, Mapping) for item in value):
            return _rows(value[:ROWS]) + _more(value)
        return "<br>".join(_cell(item) for item in value[:ROWS]) + _more(value)
    return escape(_text(value))


def _more(values: Collection[Any]) -> str:
    return f"<br>{len(values) - ROWS:,} more" if len(values) > ROWS else ""


def _rows(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a table, with the columns that any of them has."""
    if not rows:
        return ""
    names = list(dict.fromkeys(name for row in rows for name in row))
    head = "".join(f"<th>{escape(str(name))}</th>" for name in names)
    body = ("".join(f"<td>{_cell(row.get(name, ''))}</td>" for name in names) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{cells}</tr>' for cells in body)}</table>"


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return significant(value)
    return shortened(str(value), LONGEST_TEXT)
