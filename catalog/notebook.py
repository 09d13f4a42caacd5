"""Results as a notebook shows them: a table of names and values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from html import escape
from typing import Any

from catalog.messages import quantity, shortened, significant

ROWS = 10
"""Rows and items that a notebook shows of a table or a list."""

LONGEST_TEXT = 200


class NotebookResult:
    """Base of dataclasses that a notebook shows as a table, a field a row."""

    def _repr_html_(self) -> str:
        items = [
            (field.name, getattr(self, field.name))
            for field in fields(self)  # type: ignore[arg-type]
            if field.repr and not field.name.startswith("_")
        ]
        return html_table(items, caption=type(self).__name__)


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
    if isinstance(value, Mapping):
        return html_table([(str(key), item) for key, item in list(value.items())[:ROWS]])
    if isinstance(value, list | tuple):
        more = f"<br>{len(value) - ROWS:,} more" if len(value) > ROWS else ""
        return "<br>".join(_cell(item) for item in value[:ROWS]) + more
    return escape(_text(value))


def _rows(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(name)}</th>" for name in rows[0])
    body = ("".join(f"<td>{_cell(value)}</td>" for value in row.values()) for row in rows)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{cells}</tr>' for cells in body)}</table>"


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return significant(value)
    return shortened(str(value), LONGEST_TEXT)
