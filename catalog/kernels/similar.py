"""Pairs of a row of one relation and a row of another whose vectors are close, exactly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array, Vectors
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.relation import pairs_of, with_columns
from catalog.kernels._common.similarity import SLACK, pair_cosines, unit_rows
from catalog.kernels._common.vector_pairs import vector_pair
from catalog.threads import n_threads

ROWS = 1_024  # rows of a block
OTHERS = 4_096  # rows of the other relation that a block is compared with at a time
PER_PAIR = 100  # bytes for each pair


class Pairs(NamedTuple):
    """Pairs of rows: (p,) int64, int64 and float64.

    Attributes:
        row: of the first relation.
        other: of the second.
        similarity: their cosine.
    """

    row: Array
    other: Array
    similarity: Array


@kernel(version=1, adds={"similarity": "DOUBLE"}, cached=True, pair_prefix="test_", reads="vectors")
def similar(
    train: pa.Table, test: pa.Table, *, threshold: float = 0.9, memory: int | None = None
) -> pa.Table:
    """Return the pairs of a row and a test item whose cosine is at least a threshold.

    Every pair is compared in float32; what may reach the threshold is compared in float64.

    Args:
        train: rows with one vector column of d numbers.
        test: test items with one vector column of d numbers.
        threshold: least cosine, above 0, up to 1.
        memory: bytes that it may hold: ``4 d`` a row and an item, 100 a pair, and 16 MiB a thread.

    Returns:
        One row for a pair, by the row's fingerprint and then by the item's: the item's columns but
        its vector, named ``test_...``, the row's but its vector, and ``similarity`` (float64
        cosine, rounded to 12 digits). A vector of zeros is similar to nothing.

    Raises:
        OptionError: ``threshold`` is out of its range.
        QueryError: there is no vector column, or vectors are NULL, of unlike lengths or not finite.
        MemoryLimitError: it would not fit ``memory``.

    >>> train = pa.table({"fingerprint": ["a", "b"], "v": [[1.0, 0.0], [3.0, 4.0]]})
    >>> test = pa.table({"fingerprint": ["t"], "v": [[0.0, 2.0]]})
    >>> similar(train, test, threshold=0.75).to_pydict()
    {'test_fingerprint': ['t'], 'fingerprint': ['b'], 'similarity': [0.8]}
    """
    if not 0 < threshold <= 1:
        raise OptionError(f"similar: threshold => {threshold} must be above 0 and at most 1")
    (left, right), (x, y) = vector_pair(train, test, function="similar", others="test items")
    needed = 8 * (x.size + y.size) + n_threads() * (16 << 20)
    require_memory(
        needed,
        memory,
        purpose=f"similar of {len(x):,} rows and {len(y):,} test items",
        instead="compare with fewer test items at once",
    )
    pairs = _similar(x, y, threshold)
    require_memory(
        needed + PER_PAIR * len(pairs.row),
        memory,
        purpose=f"similar with {len(pairs.row):,} pairs",
        instead="raise the threshold",
    )
    found = pairs_of(left, right, pairs.row, pairs.other, prefix="test_")
    return with_columns(found, similarity=pairs.similarity)


def _similar(x: Vectors, y: Vectors, threshold: float) -> Pairs:
    """Return the pairs of rows of ``x`` (n, d) and ``y`` (m, d), by both."""
    if not len(x) or not len(y):
        return Pairs(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    others = unit_rows(y)

    def block(start: int, stop: int) -> Pairs:
        directions = unit_rows(x[start:stop])
        found = []
        for base in range(0, len(y), OTHERS):
            near = directions @ others[base : base + OTHERS].T  # (ROWS, OTHERS)
            row, other = np.nonzero(near >= threshold - SLACK)
            found.append((row + start, other + base))
        row, other = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
        cosines = pair_cosines(x, row, y, other)
        kept = np.flatnonzero(cosines >= threshold)
        kept = kept[np.lexsort((other[kept], row[kept]))]
        return Pairs(row[kept], other[kept], cosines[kept])

    with row_blocks() as for_blocks:
        parts = for_blocks(block, len(x), ROWS)
    return Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
