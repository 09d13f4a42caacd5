"""Rows of Arrow batches as objects, a few megabytes of them at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import SourceError
from catalog.messages import one_line
from catalog.pools.readers.arrow_values import plain_rows
from catalog.pools.readers.records import MAX_RECORD, Record
from catalog.pools.reasons import Rejection

MOST_ROWS = 1024
"""Maximum rows to convert to objects at once."""

AT_ONCE = 64 * 2**20
"""Maximum bytes of values to convert to objects at once, unless one row is larger."""


_ODD_TYPES = (
    pa.types.is_run_end_encoded,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
    pa.types.is_union,
)


_TEXTS = (
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_binary,
    pa.types.is_large_binary,
)


def refuse_types(schema: pa.Schema, *, name: str) -> None:
    """Refuse a table with a column of views, runs or unions, whose size is unknown before reading.

    Raises:
        SourceError: the table has such a column.
    """
    for field in schema:
        if _has_odd_type(field.type):
            raise SourceError(
                f"{name}: the column {field.name} has the unsupported type {field.type}: "
                "save it as plain lists and values",
                reason="wrong_container",
            )


def _has_odd_type(type_: pa.DataType) -> bool:
    if any(is_odd(type_) for is_odd in _ODD_TYPES):
        return True
    return any(_has_odd_type(type_.field(n).type) for n in range(type_.num_fields))


def rows(batch: pa.RecordBatch, *, first: int, name: str) -> Iterator[Record]:
    """Yield the rows of a batch as objects without nulls. A position is a row from ``first``.

    A row that is too large, or has a value that Python cannot hold, such as a text that is not
    UTF-8, is rejected alone.
    """
    is_ours = _has_extras(batch.schema)
    for start in range(0, batch.num_rows, MOST_ROWS):
        for n, row in _objects(batch.slice(start, MOST_ROWS), first + start):
            if isinstance(row, Rejection):
                yield n, row, ""
                continue
            if is_ours and "messages" in row:
                row["messages"] = [_with_extras(message) for message in row["messages"]]
            yield n, row, None


def _objects(batch: pa.RecordBatch, first: int) -> Iterator[tuple[int, Any]]:
    """Yield the rows, in halves if they are large."""
    weight = sum(map(_weight, batch.columns))
    if batch.num_rows > 1 and weight > AT_ONCE:
        half = batch.num_rows // 2
        yield from _objects(batch.slice(0, half), first)
        yield from _objects(batch.slice(half), first + half)
        return
    if weight > MAX_RECORD:
        yield (
            first,
            Rejection("too_large", f"a row of {weight:,} bytes, the limit is {MAX_RECORD:,}"),
        )
        return
    try:
        yield from enumerate(plain_rows(batch), first)
    except (ValueError, OverflowError, pa.ArrowException) as error:
        if batch.num_rows == 1:
            yield first, _rejection(error)
            return
        for n in range(batch.num_rows):
            yield from _objects(batch.slice(n, 1), first + n)


def _rejection(error: Exception) -> Rejection:
    reason = "bad_encoding" if isinstance(error, UnicodeDecodeError) else "wrong_type"
    return Rejection(reason, one_line(error))


def _weight(array: pa.Array) -> int:
    """Return an upper bound of the bytes of an array's values, each written out."""
    type_ = array.type
    if isinstance(array, pa.ExtensionArray):
        return _weight(array.storage)
    if pa.types.is_dictionary(type_):
        return len(array) * _largest(array.dictionary)
    if pa.types.is_string_view(type_) or pa.types.is_binary_view(type_):
        return int(_view_lengths(array).sum())
    if pa.types.is_struct(type_):
        return sum(map(_weight, array.flatten()))
    if pa.types.is_map(type_):
        return _weight_of_map(array)
    if type_.num_fields == 1:  # the kinds of list
        return _weight(array.flatten())
    return int(array.nbytes)


def _weight_of_map(array: pa.MapArray) -> int:
    if not len(array):
        return 0
    first, last = array.offsets[0].as_py(), array.offsets[-1].as_py()
    keys, items = array.keys.slice(first, last - first), array.items.slice(first, last - first)
    return _weight(keys) + _weight(items)


def _view_lengths(array: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the bytes of each text of an array of views, of 16 bytes that begin with the length.

    Arrow has no function for them.
    """
    views = np.frombuffer(array.buffers()[1], dtype=np.int32)
    return views[4 * array.offset :][: 4 * len(array) : 4].astype(np.int64)


def _largest(values: pa.Array) -> int:
    """Return an upper bound of the bytes of a dictionary's largest value."""
    if pa.types.is_string_view(values.type) or pa.types.is_binary_view(values.type):
        return int(_view_lengths(values).max(initial=0))
    if any(is_text(values.type) for is_text in _TEXTS):
        import pyarrow.compute as pc  # takes as long to import as the rest of pyarrow

        return int(pc.max(pc.binary_length(values)).as_py() or 0)
    return int(values.nbytes)


def _has_extras(schema: pa.Schema) -> bool:
    if "messages" not in schema.names:
        return False
    messages = schema.field("messages").type
    if not (pa.types.is_list(messages) or pa.types.is_large_list(messages)):
        return False
    message = messages.value_type
    names = ["role", "content", "extra"]
    return pa.types.is_struct(message) and [field.name for field in message] == names


def _with_extras(message: Any) -> Any:
    if not isinstance(message, dict):
        return message
    try:
        extra = json.loads(message.get("extra") or "{}")
    except (ValueError, TypeError, RecursionError):
        extra = None
    if not isinstance(extra, dict):  # another column of that name
        return message
    return {"role": message.get("role"), "content": message.get("content")} | extra
