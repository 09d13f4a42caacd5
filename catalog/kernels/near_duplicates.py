"""Groups of near-duplicate rows, of text by MinHash or of vectors by cosine.

MinHash: Broder, "On the resemblance and containment of documents" (1997). Its use on training data:
Lee et al., "Deduplicating training data makes language models better" (arXiv 2107.06499).
"""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pyarrow as pa

from catalog.errors import QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arguments import require_arguments
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import ForBlocks, require_finite, row_blocks
from catalog.kernels._common.relation import (
    canonical,
    is_text,
    is_vector,
    matrix,
    with_columns,
)
from catalog.kernels._common.shingles import Unit
from catalog.kernels._common.similarity import BLOCK, similar_pairs
from catalog.kernels._common.text_pairs import Pairs, pairs_of_texts
from catalog.kernels._common.text_sets import Hashing
from catalog.threads import n_threads


@kernel(
    version=1,
    adds={"duplicate_group": "VARCHAR", "group_size": "BIGINT", "nearest_similarity": "DOUBLE"},
    cached=True,
)
def near_duplicates(
    rows: pa.Table,
    *,
    by: str | None = None,
    threshold: float = 0.8,
    unit: Unit = "characters",
    shingle: int = 5,
    n_hashes: int = 128,
    recall: float = 0.99,
    seed: int = 0,
    memory: int | None = None,
) -> pa.Table:
    """Group rows that are nearly the same.

    Every chain of pairs at or above ``threshold`` is one group.

    The similarity of two texts is the Jaccard similarity of their sets of shingles (case and white
    space aside), computed exactly for the pairs that MinHash brings up; a text without a letter is
    like nothing. The similarity of two vectors is their cosine, and every pair is looked at.
    Nothing below the threshold is ever joined; of pairs of texts right at it about ``1 - recall``
    are overlooked, of those above it far fewer.

    Args:
        rows: rows with ``fingerprint`` and a text or vector column.
        by: that column; None takes the only vector column, else the only text column beside the
            fingerprint.
        threshold: least similarity of a pair, above 0, up to 1. For sentence embeddings 0.95 is
            near 0.8 of texts.
        unit: what shingles are made of.
        shingle: characters or words of a shingle, 1 to 64. Words want 3.
        n_hashes: length of a signature, 1 to 4,096.
        recall: chance that a pair of texts right at the threshold is seen, above 0, below 1; it
            decides the bands.
        seed: of the permutations.
        memory: bytes that it may hold. Texts: ``8 bands n`` (21 bands by default) and ``100 n``, 64
            a byte of text up to 1 GiB, 128 MiB of candidate pairs and 48 MiB a thread; vectors:
            ``4 n d``, 10 MiB a thread and 24 bytes a pair found of 16,384 rows at a time.

    Returns:
        The input without its vectors, ordered by fingerprint, and ``duplicate_group`` (the lowest
        fingerprint of the group, the row's own when it is alone), ``group_size`` (int64) and
        ``nearest_similarity`` (float64: to the most similar row of its group, NULL when it is
        alone).

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is no fingerprint, or no one column to go by, or a vector is NULL or not
            finite.
        MemoryLimitError: it would not fit ``memory``.

    >>> texts = ["Name three colours.", "name  three colours", "Sort a list."]
    >>> answer = near_duplicates(pa.table({"fingerprint": ["a", "b", "c"], "text": texts}))
    >>> answer["duplicate_group"].to_pylist(), answer["group_size"].to_pylist()
    (['a', 'a', 'c'], [2, 2, 1])
    """
    _require_arguments(
        threshold=threshold, unit=unit, shingle=shingle, n_hashes=n_hashes, recall=recall
    )
    if "fingerprint" not in rows.column_names:
        raise QueryError(
            "near_duplicates: the relation has no fingerprint column, which names the groups; "
            "add it to the argument's SELECT"
        )
    column = _column(rows, by)
    ordered = canonical(rows)
    drop = None
    with row_blocks() as for_blocks:
        if is_vector(ordered.schema.field(column).type):
            drop = column
            pairs = _pairs_of_vectors(ordered, column, threshold, memory, for_blocks)
        else:
            hashing = Hashing(unit, shingle, n_hashes, recall, seed)
            pairs = pairs_of_texts(ordered[column], threshold, hashing, memory, for_blocks)
        group, nearest = _groups(ordered.num_rows, pairs)
    return with_columns(
        ordered,
        without=drop,
        duplicate_group=ordered["fingerprint"].take(pa.array(group)),
        group_size=np.bincount(group, minlength=len(group))[group],
        nearest_similarity=pa.array(nearest, mask=np.isnan(nearest)),
    )


def _require_arguments(
    *, threshold: float, unit: str, shingle: int, n_hashes: int, recall: float
) -> None:
    require_arguments(
        (0 < threshold <= 1, f"threshold => {threshold} must be above 0 and at most 1"),
        (unit in get_args(Unit), f"unit => '{unit}' must be characters or words"),
        (1 <= shingle <= 64, f"shingle => {shingle} must be 1 to 64"),
        (1 <= n_hashes <= 4_096, f"n_hashes => {n_hashes} must be 1 to 4,096"),
        (0 < recall < 1, f"recall => {recall} must be above 0 and below 1"),
        function="near_duplicates",
    )


def _column(rows: pa.Table, by: str | None) -> str:
    vectors = [field.name for field in rows.schema if is_vector(field.type)]
    texts = [
        field.name for field in rows.schema if is_text(field.type) and field.name != "fingerprint"
    ]
    there = ", ".join([*vectors, *texts]) or "none"
    if by is not None and by not in [*vectors, *texts]:
        raise QueryError(
            f"near_duplicates: by => '{by}' is not a text or vector column; there are {there}"
        )
    found = [by] if by is not None else vectors or texts
    if len(found) != 1:
        raise QueryError(
            f"near_duplicates: say the column to compare with by => '...'; there are {there}"
        )
    return str(found[0])


def _pairs_of_vectors(
    rows: pa.Table, column: str, threshold: float, memory: int | None, for_blocks: ForBlocks[Any]
) -> Pairs:
    x = matrix(rows, column, function="near_duplicates")
    n, d = x.shape
    require_memory(
        4 * n * d + n_threads() * 10 * BLOCK * BLOCK,
        memory,
        purpose=f"near_duplicates of {n:,} x {d}",
        instead="compare fewer rows, or their text",
    )
    require_finite(x, column, function="near_duplicates")
    return similar_pairs(x, threshold, for_blocks)


def _groups(n: int, pairs: Pairs) -> tuple[Array, Array]:
    """Join pairs into groups.

    Returns:
        The first row of every row's group, (n,) int64, and its greatest similarity, (n,) float64,
        NaN if it is alone.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first = np.arange(n)
    nearest = np.full(n, -np.inf)
    for i, j, similarity in pairs:
        if not len(i):
            continue
        np.maximum.at(nearest, i, similarity)
        np.maximum.at(nearest, j, similarity)
        edges = coo_array((np.ones(len(i), dtype=np.int8), (first[i], first[j])), shape=(n, n))
        _, part = connected_components(edges, directed=False)
        lowest = np.full(n, n)
        np.minimum.at(lowest, part, np.arange(n))
        first = lowest[part][first]
    return first, np.where(np.isneginf(nearest), np.nan, nearest)
