"""Token states, many vectors a row, as views on the relation's memory."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import QueryError
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.parallel import require_finite
from catalog.kernels._common.relation import is_vector


def is_states(type_: pa.DataType) -> bool:
    """Return whether a column type holds a list of vectors a row.

    >>> is_states(pa.list_(pa.list_(pa.float16(), 8))), is_states(pa.list_(pa.float32()))
    (True, False)
    """
    is_list = (
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
    )
    return is_list and is_vector(type_.value_type)


def holds_vectors(type_: pa.DataType) -> bool:
    """Return whether a column type holds one vector a row, or a list of vectors a row."""
    return is_vector(type_) or is_states(type_)


def states(column: pa.ChunkedArray, *, name: str, function: str) -> tuple[list[Array], int]:
    """Return one view of shape (M, d) a row, in the column's order, and d.

    Raises:
        QueryError: a row or a number is NULL or not finite, or vectors differ in length.

    >>> column = pa.chunked_array([[[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]]])
    >>> views, d = states(column, name="states", function="log_det")
    >>> [view.tolist() for view in views], d
    ([[[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]], 2)
    """
    if column.null_count:
        raise QueryError(
            f"{function}: {column.null_count:,} of {len(column):,} rows have no states in {name}; "
            f"filter them with WHERE {name} IS NOT NULL"
        )
    views: list[Array | None] = []  # None for a chunk without tokens
    widths: set[int] = set()
    for chunk in column.chunks:
        tokens = chunk.flatten()
        numbers = tokens.flatten()
        if tokens.null_count or numbers.null_count:
            raise QueryError(
                f"{function}: some states in {name} are NULL; every token needs all its numbers"
            )
        if not len(tokens):
            views.extend([None] * len(chunk))
            continue
        widths.update(pc.unique(pc.list_value_length(tokens)).to_pylist())
        if len(widths) > 1:
            raise QueryError(
                f"{function}: the vectors in {name} differ in length; "
                "every token must have the same number of values"
            )
        flat = numbers.to_numpy(zero_copy_only=False).reshape(len(tokens), -1)
        require_finite(flat, name, function=function)
        stops = np.cumsum(pc.list_value_length(chunk).to_numpy(zero_copy_only=False))
        views.extend(flat[start:stop] for start, stop in zip([0, *stops[:-1]], stops, strict=True))
    d = widths.pop() if widths else 0
    return [np.empty((0, d), dtype=np.float32) if view is None else view for view in views], d
