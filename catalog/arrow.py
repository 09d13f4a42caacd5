"""Conversion of numbers between Arrow and numpy without a copy.

pyarrow's own conversions import pandas if it is installed, which takes as long as clustering half a
million trajectories.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

import numpy as np
import pyarrow as pa

Array = np.ndarray[Any, np.dtype[Any]]


def to_numpy(values: pa.Array | pa.ChunkedArray) -> Array:
    """Return integers or floats as an array of shape (n,).

    One chunk is not copied. Other types and NULLs are converted by pyarrow.

    >>> to_numpy(pa.chunked_array([[1, 2], [3]])).tolist()
    [1, 2, 3]
    """
    if values.null_count or not (
        pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    ):
        return np.asarray(values.to_numpy(zero_copy_only=False))
    chunks = values.chunks if isinstance(values, pa.ChunkedArray) else [values]
    parts = [_view(chunk) for chunk in chunks if len(chunk)]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([np.empty(0, values.type.to_pandas_dtype()), *parts])


def from_numpy(values: Array) -> pa.Array:
    """Return integers or floats of shape (n,) as an array of Arrow that shares their memory.

    Other types are converted, or refused, by pyarrow.

    >>> from_numpy(np.arange(3)).to_pylist()
    [0, 1, 2]
    """
    # Neither masked nor a matrix.
    is_plain = type(values) is np.ndarray and values.ndim == 1 and values.dtype.isnative
    if not is_plain or values.dtype.kind not in "iuf":
        return pa.array(values)
    whole = np.ascontiguousarray(values)
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(whole.dtype), len(whole), [None, pa.py_buffer(whole)]
    )


def _view(chunk: pa.Array) -> Array:
    return np.frombuffer(chunk.buffers()[1], dtype=chunk.type.to_pandas_dtype())[
        chunk.offset : chunk.offset + len(chunk)
    ]


def to_python(values: pa.Array | pa.ChunkedArray) -> list[Any]:
    """Return values as Python's own; a date or time outside of its years 1 to 9999 becomes text.

    >>> to_python(pa.array([0, 105200797, 2**31 - 1], pa.date32()))
    [datetime.date(1970, 1, 1), '290000-01-01', 'infinity']
    """
    try:
        return list(values.to_pylist())
    except (OverflowError, ValueError):
        return [_python(value) for value in values]


def _python(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (OverflowError, ValueError):
        if pa.types.is_struct(value.type):
            return {name: _python(item) for name, item in value.items()}
        if pa.types.is_date(value.type) or pa.types.is_timestamp(value.type):
            return _moment(value)
        items = to_python(value.values)
        return [tuple(item.values()) for item in items] if pa.types.is_map(value.type) else items


def _moment(value: pa.Scalar) -> str:
    unit = getattr(value.type, "unit", "D")
    if abs(value.value) == np.iinfo(f"i{value.type.bit_width // 8}").max:  # as DuckDB writes it
        return "infinity" if value.value > 0 else "-infinity"
    return str(np.array(value.value, dtype=f"M8[{unit}]")).replace("T", " ")


def postpone_pandas() -> None:
    """Keep pyarrow from importing pandas, which takes 0.4 s, until something needs pandas itself.

    For the process of a command: `pyarrow.array` looks for pandas once, and finds none here. A
    conversion from or to a pandas object imports it all the same.
    """
    if "pandas" in sys.modules:
        return
    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(hidden)


class _Hidden(MetaPathFinder):
    """Finder that hides pandas."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ImportError(fullname)
