"""Find the most similar row among those that come before a row by a score, within a group.

SemDeDup (Abbas et al. 2023, arXiv 2303.09540) drops a row that is too similar to any earlier one of
its cluster, dropped ones included.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Rows
from catalog.kernels._common.earlier import by_score, nearest_of
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels._common.screen import screening
from catalog.kernels._common.similarity import unit_rows
from catalog.threads import n_threads

_N_BLOCK = 1024  # rows that are compared at once with all before them


@kernel(
    version=1,
    adds={"nearest_similarity": "DOUBLE", "nearest_fingerprint": "VARCHAR"},
    cached=True,
    reads="vectors",
)
def nearest_earlier(
    vectors: pa.Table, *, by: str, within: str | None = None, memory: int | None = None
) -> pa.Table:
    """Return the highest cosine of every row to a row that comes before it.

    Rows come by the score ``by``, highest first, equal scores by fingerprint. Every pair of a group
    is looked at in float32; what may be the highest is compared in float64, rounded to 12 digits.
    A row of zeros is similar to nothing. Time grows with the squared size of the groups.

    Args:
        vectors: rows with a fingerprint, one vector column of d numbers and one of scores.
        by: the column of scores.
        within: a column; rows are compared with rows of the same value only. None compares all.
        memory: bytes that it may hold: ``8 n d + 64 n``, and 8 MiB a thread.

    Returns:
        The input without its vectors, ordered by fingerprint, and ``nearest_similarity`` (float64)
        and ``nearest_fingerprint``, the first of several equally similar ones; both are NULL for
        the first row of a group.

    Raises:
        QueryError: a column is missing, a score is NULL or not a number, there is not exactly one
            vector column, or a vector is NULL, not finite, or of another length.
        MemoryLimitError: it would not fit ``memory``.

    >>> vectors = [[1.0, 0.0], [3.0, 0.0], [0.0, 1.0]]
    >>> rows = pa.table({"fingerprint": list("abc"), "score": [1, 2, 3], "v": vectors})
    >>> answer = nearest_earlier(rows, by="score")
    >>> answer["nearest_similarity"].to_pylist(), answer["nearest_fingerprint"].to_pylist()
    ([1.0, 0.0, None], ['b', 'c', None])
    """
    if "fingerprint" not in vectors.column_names:
        raise QueryError(
            "nearest_earlier: the relation has no fingerprint column, which names the nearest row; "
            "add it to the argument's SELECT"
        )
    column = vector_column(vectors, function="nearest_earlier")
    rows = by_score(canonical(vectors), by, function="nearest_earlier")
    x = matrix(rows, column, function="nearest_earlier")
    n, d = x.shape
    require_memory(
        8 * n * d + 64 * n + n_threads() * 2**23,
        memory,
        purpose=f"nearest_earlier of {n:,} x {d:,}",
        instead="raise the limit, or compare fewer rows at a time",
    )
    require_finite(x, column, function="nearest_earlier")
    similarity, nearest = np.full(n, -np.inf), np.full(n, -1, dtype=np.int64)
    with row_blocks() as for_blocks, screening(n * n * d // 2) as screen:
        units = screen.narrow(unit_rows(x))
        for group in _groups(rows, within):
            group_units = units[group]
            for start in range(0, len(group), _N_BLOCK):
                stop = start + _N_BLOCK
                block, before, earlier = group[start:stop], group[:stop], group_units[:stop]
                nearest_of(
                    x, units, block, before, earlier, similarity, nearest, for_blocks, screen
                )
    has_none = nearest < 0
    fingerprints = rows["fingerprint"].take(pa.array(nearest, mask=has_none))
    answer = with_columns(
        rows,
        without=column,
        nearest_similarity=pa.array(similarity, mask=has_none),
        nearest_fingerprint=fingerprints,
    )
    return canonical(answer)


def _groups(rows: pa.Table, within: str | None) -> list[Rows]:
    """Return the positions of each group's rows, in their order."""
    if within is None:
        return [np.arange(rows.num_rows, dtype=np.int64)]
    if within not in rows.column_names:
        raise QueryError(
            f"nearest_earlier: within => '{within}' is not a column of the relation; "
            f"it has {', '.join(rows.column_names)}"
        )
    codes = pc.rank(rows[within], sort_keys="ascending", tiebreaker="dense").to_numpy()
    order = np.argsort(codes, kind="stable").astype(np.int64)
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    if not len(starts):
        return []
    return np.split(order, starts[1:])
