"""Columns of the page: one typed array each, packed into one buffer for the browser."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from catalog.json_text import json_text
from catalog.store.quoting import literal

ALIGNED = 8
"""Bytes that every array starts at a multiple of, so that a typed array can view it."""

NONE = "(none)"
"""The category of members without a value."""

MARK_NAMES = (NONE, "good", "bad")
"""The categories of marks, each at its code."""

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Column:
    """Column of the page.

    Attributes:
        name: unique within the page.
        label: as a person reads it.
        kind: a place on the map, a group that only colours it, a category's code, membership in a
            subset, or a number.
        values: one for each member: uint8 or uint16 codes, float32 places and numbers; NaN where a
            number is missing.
        sql: the expression that a condition on the column uses.
        details: what else the page needs of it.
    """

    name: str
    label: str
    kind: Literal["place", "group", "category", "subset", "number"]
    values: Array
    sql: str
    details: Mapping[str, Any] = field(default_factory=dict)


def place_column(name: str, values: Array) -> Column:
    """Return one coordinate of the map, float32 (n,)."""
    return Column(name, name, "place", values.astype(np.float32), name)


def number_column(
    name: str, values: Array, *, sql: str, is_log: bool = False, reads: str = ""
) -> Column:
    """Return a numeric column, float32 (n,).

    Args:
        name: of the column.
        values: one for each member; NaN if it has none. A number beyond float32 becomes NaN.
        sql: the expression, which the page compares as FLOAT.
        is_log: whether the histogram has a logarithmic axis.
        reads: the relation that the expression needs beside the pool.
    """
    details = {"is_log": is_log, "reads": reads}
    label = name.replace("_", " ")
    return Column(name, label, "number", _as_float(values), sql, details)


def _as_float(values: Array) -> Array:
    """Return numbers as float32, NaN for those beyond that type, as TRY_CAST gives NULL.

    >>> _as_float(np.array([1e300, 0.5, np.inf])).tolist()
    [nan, 0.5, nan]
    """
    with np.errstate(over="ignore"):
        cast = values.astype(np.float32)
    return np.where(np.isfinite(cast), cast, np.float32(np.nan))


def category_column(name: str, values: Sequence[str | None], *, sql: str) -> Column:
    """Return codes of categories, the most frequent first: uint8 up to 255 of them, else uint16.

    >>> column = category_column("source", ["b", "a", "b", None], sql="source")
    >>> column.details["categories"], column.values.tolist()
    (['b', '(none)', 'a'], [0, 2, 0, 1])
    """
    counts = Counter(values)
    order = sorted(counts, key=lambda value: (-counts[value], value or ""))
    codes = {value: code for code, value in enumerate(order)}
    dtype = np.uint8 if len(order) < 256 else np.uint16
    array = np.array([codes[value] for value in values], dtype=dtype)
    names = [NONE if value is None else value for value in order]
    absent = codes.get(None)
    return Column(name, name, "category", array, sql, {"categories": names, "absent": absent})


def group_column(name: str, values: Array, names: Sequence[str]) -> Column:
    """Return codes of groups that colour the map, uint8 (n,); the last name is of no group."""
    label = name.replace("_", " ")
    codes = np.where(values < 0, len(names) - 1, values)
    return Column(name, label, "group", codes.astype(np.uint8), "", {"categories": list(names)})


def mark_column(values: Sequence[str | None], *, reads: str) -> Column:
    """Return the marks of members: uint8, 0 without a mark.

    >>> mark_column(["bad", None], reads="").values.tolist()
    [2, 0]
    """
    codes = np.array([MARK_NAMES.index(value or NONE) for value in values], dtype=np.uint8)
    details = {"categories": MARK_NAMES, "absent": 0, "reads": reads}
    return Column("mark", "mark", "category", codes, "mark", details)


def subset_column(reference: str, is_member: Array, *, selector: str) -> Column:
    """Return membership in a subset, uint8 (n,)."""
    sql = f"fingerprint IN (SELECT fingerprint FROM subset({literal(reference)}))"
    details = {"selector": selector, "n_members": int(is_member.sum())}
    return Column(reference, reference, "subset", is_member.astype(np.uint8), sql, details)


def pack(header: Mapping[str, Any], columns: Sequence[Column]) -> bytes:
    """Return the length of the header (4 bytes, little-endian), its JSON, and then the arrays.

    The header is padded, and each array starts at a multiple of 8 bytes.

    >>> packed = pack({"n": 2}, [place_column("x", np.array([1.0, 2.0]))])
    >>> int.from_bytes(packed[:4], "little") + 4 + 8 == len(packed)
    True
    """
    described, parts, offset = [], [], 0
    for column in columns:
        array = column.values.astype(column.values.dtype.newbyteorder("<"), copy=False)
        described.append(
            {"name": column.name, "label": column.label, "kind": column.kind, "sql": column.sql}
            | dict(column.details)
            | {"dtype": array.dtype.name, "offset": offset, "n": int(array.size)}
        )
        parts.append(_padded(array.tobytes()))
        offset += len(parts[-1])
    head = json_text(dict(header) | {"columns": described}).encode()
    head += b" " * (-(len(head) + 4) % ALIGNED)
    return len(head).to_bytes(4, "little") + head + b"".join(parts)


def _padded(raw: bytes) -> bytes:
    return raw + b"\0" * (-len(raw) % ALIGNED)
