"""Two relations of vectors that are compared with each other."""

from __future__ import annotations

import pyarrow as pa

from catalog.errors import QueryError
from catalog.kernels._common.arrays import Vectors
from catalog.kernels._common.parallel import require_finite
from catalog.kernels._common.relation import canonical, matrix, vector_column


def vector_pair(
    first: pa.Table, second: pa.Table, *, function: str, others: str
) -> tuple[tuple[pa.Table, pa.Table], tuple[Vectors, Vectors]]:
    """Return two relations by fingerprint without their vectors, and the vectors as matrices.

    Args:
        first: rows with one vector column of d numbers.
        second: rows with one vector column of d numbers.
        function: the kernel, for messages.
        others: what the rows of ``second`` are called, for messages.

    Raises:
        QueryError: there is no vector column, or vectors are NULL, of unlike lengths or not finite.
    """
    sides = canonical(first), canonical(second)
    columns = [vector_column(side, function=function) for side in sides]
    x, y = (
        matrix(side, column, function=function) for side, column in zip(sides, columns, strict=True)
    )
    if len(x) and len(y) and x.shape[1] != y.shape[1]:
        raise QueryError(
            f"{function}: the candidates' vectors have {x.shape[1]} numbers and the {others}' "
            f"{y.shape[1]}; compare vectors of one encoder"
        )
    require_finite(x, columns[0], function=function)
    require_finite(y, columns[1], function=function)
    left, right = (side.drop_columns([column]) for side, column in zip(sides, columns, strict=True))
    return (left, right), (x, y)
