"""Reduce vectors to their principal components: as many as keep a share of the variance."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import require_finite, row_blocks
from catalog.kernels._common.pca import BLOCK, onto, principal_components
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.threads import n_threads


@kernel(version=1, adds={"components": "FLOAT[]"}, cached=True, reads="vectors")
def pca(points: pa.Table, *, variance: float = 0.95, memory: int | None = None) -> pa.Table:
    """Return every row's coordinates along the widest principal components.

    As many components are taken as explain at least ``variance`` of the total variance. Moments
    are summed in float64 in fixed blocks, so that the answer does not depend on threads.

    Args:
        points: rows with one vector column of d numbers, taken as float32.
        variance: share of the variance that is kept, above 0, up to 1.
        memory: bytes that it may hold: ``4 n d + 16 d^2`` and ``16 x 4096 d`` a thread.

    Returns:
        The input without its vectors, ordered by fingerprint, and ``components`` (float32, a list
        of equal length in every row, the widest direction first).

    Raises:
        OptionError: ``variance`` is out of its range.
        QueryError: there is no vector column, or vectors that are NULL, of several lengths or not
            finite.
        MemoryLimitError: it would not fit ``memory``.

    >>> points = pa.table({"fingerprint": ["a", "b"], "v": [[0.0, 3.0], [0.0, 1.0]]})
    >>> pca(points)["components"].to_pylist()
    [[1.0], [-1.0]]
    """
    if not 0 < variance <= 1:
        raise OptionError(f"pca: variance => {variance} must be above 0 and at most 1")
    rows = canonical(points)
    column = vector_column(rows, function="pca")
    x = matrix(rows, column, function="pca")
    n, d = x.shape
    require_memory(
        4 * n * d + 16 * d * d + n_threads() * 16 * BLOCK * d,
        memory,
        purpose=f"pca of {n:,} x {d:,}",
        instead="raise the limit, or take fewer rows",
    )
    require_finite(x, column, function="pca")
    if not n:
        return with_columns(rows, without=column, components=pa.array([], pa.list_(pa.float32())))
    with row_blocks() as for_blocks:
        components = principal_components(x, d, for_blocks)
        kept = _n_kept(components.variances, variance)
        places = onto(x, components.first(kept), for_blocks)  # (n, kept)
    flat = pa.array(places.reshape(-1))
    offsets = pa.array(np.arange(0, n * kept + 1, kept), pa.int32())
    return with_columns(rows, without=column, components=pa.ListArray.from_arrays(offsets, flat))


def _n_kept(variances: Array, share: float) -> int:
    """Return how many components reach a share of the variance, at least 1.

    >>> _n_kept(np.array([8.0, 1.5, 0.5]), 0.95), _n_kept(np.zeros(2), 0.95)
    (2, 1)
    """
    total = float(variances.sum())
    if total <= 0:
        return 1
    reached = np.cumsum(variances) / total >= share - 1e-12
    return int(reached.argmax()) + 1
