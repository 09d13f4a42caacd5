"""Relations for kernels: canonical row order, vectors as one matrix, answers as new columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.arrow import from_numpy, to_numpy
from catalog.errors import QueryError
from catalog.kernels._common.arrays import Array, Numbers, Vectors
from catalog.kernels._common.sort import ascending, rearranged


def canonical(rows: pa.Table) -> pa.Table:
    """Sort rows by fingerprint, so that no result depends on the order in which they came.

    Rows without a ``fingerprint`` column keep their order.

    >>> canonical(pa.table({"fingerprint": ["b", "a"], "n": [1, 2]}))["n"].to_pylist()
    [2, 1]
    """
    if "fingerprint" not in rows.column_names:
        return rows
    order = ascending(rows["fingerprint"])
    if np.array_equal(order, np.arange(len(order))):
        return rows
    return rearranged(rows, order)


def is_vector(type_: pa.DataType) -> bool:
    """Return whether a column type holds one numeric vector a row."""
    if not (
        pa.types.is_list(type_)
        or pa.types.is_fixed_size_list(type_)
        or pa.types.is_large_list(type_)
    ):
        return False
    return bool(pa.types.is_floating(type_.value_type) or pa.types.is_integer(type_.value_type))


def is_text(type_: pa.DataType) -> bool:
    """Return whether a column type holds one text a row."""
    return bool(
        pa.types.is_string(type_)
        or pa.types.is_large_string(type_)
        or pa.types.is_string_view(type_)
    )


def vector_column(rows: pa.Table, *, function: str) -> str:
    """Return the name of the one vector column of a relation.

    Raises:
        QueryError: there is none, or more than one.

    >>> vector_column(pa.table({"id": [1], "v": [[1.0, 2.0]]}), function="kmeans")
    'v'
    """
    return only_column(rows, is_vector, function=function, kind="vector column")


def only_column(
    rows: pa.Table, fits: Callable[[pa.DataType], bool], *, function: str, kind: str
) -> str:
    """Return the name of the one column of a relation whose type fits.

    Args:
        rows: the relation.
        fits: tells the types that fit.
        function: the kernel, for the message.
        kind: what such a column is called, for the message.

    Raises:
        QueryError: there is none, or more than one.
    """
    names: list[str] = [field.name for field in rows.schema if fits(field.type)]
    if len(names) == 1:
        return names[0]
    found = f"its columns are {', '.join(rows.column_names)}"
    if names:
        found = f"it has {len(names)} ({', '.join(names)})"
    raise QueryError(
        f"{function}: the relation must have exactly one {kind}; {found}. "
        "Select one in the argument's SELECT"
    )


def matrix(rows: pa.Table, column: str, *, function: str) -> Vectors:
    """Return the vectors of one column as a float32 matrix of shape (n_rows, d).

    It is not a copy where the column allows that.

    Raises:
        QueryError: a vector is NULL, or lengths differ.

    >>> matrix(pa.table({"v": [[1.0, 2.0], [3.0, 4.0]]}), "v", function="kmeans").shape
    (2, 2)
    """
    chunks = rows[column].chunks or [pa.array([], type=rows[column].type)]
    array = (
        chunks[0] if len(chunks) == 1 else pa.concat_arrays(chunks)
    )  # which would copy even a single one
    n = len(array)
    if array.null_count:
        raise QueryError(
            f"{function}: {array.null_count:,} of {n:,} rows have no vector in {column}; "
            f"filter them with WHERE {column} IS NOT NULL"
        )
    flat = array.flatten()
    if flat.null_count:
        raise QueryError(
            f"{function}: {flat.null_count:,} numbers in {column} are NULL; "
            "filter or impute them first"
        )
    d = len(flat) // n if n else 0
    if (
        n
        and not pa.types.is_fixed_size_list(array.type)
        and not np.all(np.diff(to_numpy(array.offsets)) == d)
    ):
        raise QueryError(
            f"{function}: the vectors in {column} differ in length; "
            "every row must have the same number of values"
        )
    return np.asarray(to_numpy(flat), dtype=np.float32).reshape(n, d)


def numbers_of(rows: pa.Table, score: str, *, function: str) -> Numbers:
    """Return a column of scores, float64, (n,).

    Raises:
        QueryError: there is no such column, or a score is NULL or not a number.
    """
    if score not in rows.column_names:
        raise QueryError(
            f"{function}: the relation has no column {score}; its columns are "
            f"{', '.join(rows.column_names)}. Name one of them"
        )
    type_ = rows.schema.field(score).type
    if not (
        pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    ):
        raise QueryError(f"{function}: {score} is of type {type_}; scores are numbers")
    scores = rows[score].cast(pa.float64(), safe=False)
    n_without = scores.null_count + (pc.sum(pc.is_nan(scores)).as_py() or 0)
    if n_without:
        raise QueryError(
            f"{function}: {n_without:,} of {len(rows):,} rows have no {score}; "
            f"filter them with WHERE {score} IS NOT NULL AND NOT isnan({score})"
        )
    answer: Numbers = scores.to_numpy()
    return answer


def pairs_of(first: pa.Table, second: pa.Table, i: Array, j: Array, *, prefix: str) -> pa.Table:
    """Return one row for each pair: the second relation's columns under a prefix, then the first's.

    Args:
        first: the relation whose columns keep their names.
        second: the relation whose columns get the prefix.
        i: the row of ``first`` of each pair, (p,) int64.
        j: the row of ``second`` of each pair, (p,) int64.
        prefix: as in ``pair_prefix`` of the kernel.
    """
    answer = second.rename_columns([f"{prefix}{name}" for name in second.column_names])
    taken = first.take(pa.array(i))
    columns = {name: taken[name] for name in taken.column_names}
    return with_columns(answer.take(pa.array(j)), **columns)


def with_columns(rows: pa.Table, *, without: str | None = None, **columns: Any) -> pa.Table:
    """Return the relation with new columns at its end, and without its vectors.

    >>> rows = pa.table({"id": [1, 2], "v": [[1.0], [2.0]]})
    >>> with_columns(rows, without="v", cluster=[0, 1]).column_names
    ['id', 'cluster']
    """
    answer = rows.drop_columns([without]) if without else rows
    for name, values in columns.items():
        if name in answer.column_names:
            answer = answer.drop_columns([name])
        if not isinstance(values, pa.Array | pa.ChunkedArray):
            values = from_numpy(np.asarray(values))
        answer = answer.append_column(name, values)
    return answer
