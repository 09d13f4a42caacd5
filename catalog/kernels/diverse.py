"""Choose the best-scored rows that are not too similar to one another.

DEITA's filter (Liu et al., ICLR 2024, arXiv 2312.15685).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array, Numbers, Rows, Vectors
from catalog.kernels._common.earlier import N_SHARE, by_score, nearest_of
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import ForBlocks, require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels._common.screen import Screen, screening
from catalog.kernels._common.similarity import pair_cosines, unit_rows
from catalog.threads import n_threads

_N_BLOCK = 1024  # rows compared at once with everything accepted before them


@kernel(
    version=1,
    adds={
        "rank": "BIGINT",
        "nearest_similarity": "DOUBLE",
        "nearest_rank": "BIGINT",
        "nearest_fingerprint": "VARCHAR",
    },
    reads="vectors",
)
def diverse(
    vectors: pa.Table,
    *,
    budget: int,
    threshold: float = 0.9,
    score: str = "score",
    rejected: bool = False,
    memory: int | None = None,
) -> pa.Table:
    """Accept rows by score, highest first, that are not too similar to any accepted row.

    The cosine to every accepted row must be at most ``threshold``.

    Equal scores go by fingerprint. Products are taken in float32, or in bfloat16 where the
    processor multiplies in it, many rows at once, and whatever is near a decision is decided by the
    cosine in float64, rounded to 12 digits. A row of zeros is similar to nothing.

    Memory beside the relation: ``8 n d + 4 budget d`` bytes, ``budget`` at most n, and 8 MiB for
    each thread.

    Args:
        vectors: a relation with one column of vectors and one of scores.
        budget: how many rows to accept; fewer when the relation ends first.
        threshold: the highest cosine that is still accepted, from -1 to 1. The paper's is 0.9.
        score: the column of scores.
        rejected: also return the rows that were looked at and not accepted, in their place, with
            ``rank`` NULL.
        memory: bytes it may hold; None means no limit.

    Returns:
        The accepted rows in order, without their vectors, with ``rank`` (int64, from 1),
        ``nearest_similarity`` (float64): the cosine to the most similar row accepted before (NULL
        for the first), ``nearest_rank`` (int64): that row's rank, the first among equals, and,
        where the relation has fingerprints, ``nearest_fingerprint``. For a rejected row this is the
        row that keeps it out.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: no such score column, a score is NULL or not a number, not exactly one vector
            column, or a vector is NULL, not finite, or of another length.
        MemoryLimitError: ``memory`` is too small.

    >>> vectors = [[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]
    >>> rows = pa.table({"fingerprint": list("abc"), "score": [3, 2, 1], "vector": vectors})
    >>> diverse(rows, budget=9).select(["fingerprint", "rank"]).to_pylist()
    [{'fingerprint': 'a', 'rank': 1}, {'fingerprint': 'c', 'rank': 2}]
    >>> looked_at = diverse(rows, budget=9, rejected=True)
    >>> looked_at.select(["rank", "nearest_fingerprint"]).to_pylist()[1]
    {'rank': None, 'nearest_fingerprint': 'a'}
    """
    if budget < 1:
        raise OptionError(f"diverse: budget is {budget}; it must be at least 1")
    if not -1 <= threshold <= 1:
        raise OptionError(f"diverse: threshold is {threshold}; it must lie between -1 and 1")
    column = vector_column(vectors, function="diverse")
    rows = by_score(canonical(vectors), score, function="diverse")
    x = matrix(rows, column, function="diverse")
    rows = rows.drop_columns([column])
    n, d = x.shape
    needed = 8 * n * d + 4 * min(budget, n) * d + n_threads() * 2**23
    require_memory(
        needed,
        memory,
        purpose=f"diverse of {n:,} x {d:,}",
        instead="raise the limit or lower the budget",
    )
    require_finite(x, column, function="diverse")
    with row_blocks() as for_blocks, screening(n * min(budget, n) * d) as screen:
        scan = _scan(x, screen, budget=budget, threshold=threshold, for_blocks=for_blocks)
    return _answer(rows, scan, with_rejected=rejected)


@dataclass(frozen=True)
class _Scan:
    """What became of the rows looked at, which are the first ``len(is_accepted)``."""

    is_accepted: np.ndarray[Any, np.dtype[np.bool_]]
    similarity: Numbers  # to the most similar row accepted before
    nearest: Rows  # that row; -1 where there is none


def _scan(
    x: Vectors, screen: Screen, *, budget: int, threshold: float, for_blocks: ForBlocks[Any]
) -> _Scan:
    units = np.empty(x.shape, dtype=screen.dtype)  # of the rows looked at
    accepted = np.empty(min(budget, len(x)), dtype=np.int64)
    accepted_units = np.empty((len(accepted), x.shape[1]), dtype=screen.dtype)
    n_accepted = 0
    is_accepted = np.zeros(len(x), dtype=bool)
    similarity, nearest = np.full(len(x), -np.inf), np.full(len(x), -1, dtype=np.int64)
    stop = 0
    while stop < len(x) and n_accepted < len(accepted):
        start, stop = stop, min(stop + _N_BLOCK, len(x))
        block = np.arange(start, stop, dtype=np.int64)
        units[start:stop] = screen.narrow(unit_rows(x[start:stop]))
        before = accepted[:n_accepted]
        earlier = accepted_units[:n_accepted]
        nearest_of(x, units, block, before, earlier, similarity, nearest, for_blocks, screen)
        left = block[similarity[block] <= threshold]
        new = _accept(x, units, left, threshold, for_blocks, screen)[: len(accepted) - n_accepted]
        if n_accepted + len(new) == len(accepted):
            block = block[: new[-1] - start + 1]  # what comes after the last one is not looked at
            stop = int(block[-1]) + 1
        is_accepted[new] = True
        nearest_of(x, units, block, new, units[new], similarity, nearest, for_blocks, screen)
        (
            accepted[n_accepted : n_accepted + len(new)],
            accepted_units[n_accepted : n_accepted + len(new)],
        ) = new, units[new]
        n_accepted += len(new)
    return _Scan(is_accepted[:stop], similarity[:stop], nearest[:stop])


def _accept(
    x: Vectors,
    units: Array,
    candidates: Rows,
    threshold: float,
    for_blocks: ForBlocks[Any],
    screen: Screen,
) -> Rows:
    """Those of the candidates, in order, that are similar to no accepted one among them."""
    mine = units[candidates]

    def similar(start: int, stop: int) -> tuple[Rows, Rows]:
        cosines = screen.cosines(mine[start:stop], mine[start:])
        first, second = np.nonzero(cosines > threshold - screen.slack)
        first, second = first[second > first] + start, second[second > first] + start
        is_similar = pair_cosines(x, candidates[first], x, candidates[second]) > threshold
        return first[is_similar], second[is_similar]

    pairs = for_blocks(similar, len(candidates), N_SHARE)
    first, second = (
        np.concatenate([np.empty(0, dtype=np.int64), *(pair[side] for pair in pairs)])
        for side in (0, 1)
    )
    starts = np.searchsorted(first, np.arange(len(candidates) + 1))  # pairs come by their first
    is_left = np.ones(len(candidates), dtype=bool)
    for row in np.unique(first):
        if is_left[row]:
            is_left[second[starts[row] : starts[row + 1]]] = False
    return candidates[is_left]


def _answer(rows: pa.Table, scan: _Scan, *, with_rejected: bool) -> pa.Table:
    ranks = np.cumsum(scan.is_accepted)
    kept = np.arange(len(ranks)) if with_rejected else np.flatnonzero(scan.is_accepted)
    nearest = scan.nearest[kept]
    has_none = nearest < 0
    columns: dict[str, Any] = {
        "rank": pa.array(ranks[kept], pa.int64(), mask=~scan.is_accepted[kept]),
        "nearest_similarity": pa.array(scan.similarity[kept], mask=has_none),
        "nearest_rank": pa.array(
            ranks[nearest] if len(nearest) else nearest, pa.int64(), mask=has_none
        ),
    }
    if "fingerprint" in rows.column_names:
        columns["nearest_fingerprint"] = rows["fingerprint"].take(pa.array(nearest, mask=has_none))
    return with_columns(rows.take(pa.array(kept)), **columns)
