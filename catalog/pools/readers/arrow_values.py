"""Rows of an Arrow batch as the Python values of a JSON record."""

from __future__ import annotations

from typing import Any

import pyarrow as pa


def plain_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    """Return the rows of a batch as objects without null fields, also inside structs.

    Nanoseconds, and times that Python cannot hold, become texts.

    >>> rows = [{"a": {"b": 1, "c": None}, "d": None}, {"a": {"b": None, "c": 2}, "d": 3}]
    >>> plain_rows(pa.RecordBatch.from_pylist(rows))
    [{'a': {'b': 1}}, {'a': {'c': 2}, 'd': 3}]
    """
    names = batch.schema.names
    columns = [_cells(column) for column in batch.columns]
    rows = zip(*columns, strict=True)
    return [
        {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in rows
    ]


def _cells(column: pa.Array) -> list[Any]:
    values = _values(column)
    if _has_structs(column.type):
        return [_without_nulls(value) for value in values]
    return values


def _values(column: pa.Array) -> list[Any]:
    if _as_text(column.type, is_exact=False) == column.type:
        try:
            values: list[Any] = column.to_pylist()
            return values
        except (ValueError, OverflowError):  # a date beyond the year 9999
            if len(column) > 1:
                return [value for n in range(len(column)) for value in _values(column.slice(n, 1))]
            return _cast(column, _as_text(column.type, is_exact=True))
    return _cast(column, _as_text(column.type, is_exact=False))


def _cast(column: pa.Array, to: pa.DataType) -> list[Any]:
    values: list[Any] = column.cast(to).to_pylist()
    return values


def _as_text(type_: pa.DataType, *, is_exact: bool) -> pa.DataType:
    """Return a type with texts in place of nanoseconds, or with ``is_exact`` of all times."""
    types = pa.types
    if types.is_duration(type_):  # Arrow cannot write a duration as text
        if is_exact or type_.unit == "ns":
            return pa.int64()
        return type_
    if types.is_temporal(type_):
        if is_exact or getattr(type_, "unit", None) == "ns":
            return pa.string()
        return type_
    if types.is_struct(type_):
        return pa.struct(
            [field.with_type(_as_text(field.type, is_exact=is_exact)) for field in type_]
        )
    if types.is_large_list(type_):
        return pa.large_list(_as_text(type_.value_type, is_exact=is_exact))
    if types.is_list(type_):
        return pa.list_(type_.value_field.with_type(_as_text(type_.value_type, is_exact=is_exact)))
    return type_


def _has_structs(type_: pa.DataType) -> bool:
    """Return whether values of a type can be objects."""
    return pa.types.is_struct(type_) or any(
        _has_structs(type_.field(n).type) for n in range(type_.num_fields)
    )


def _without_nulls(value: Any) -> Any:
    """Return a value without the null keys of its objects; nulls in lists stay."""
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(item) for item in value]
    return value
