"""Row blocks on a few threads, with answers that do not depend on how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np

from catalog.errors import QueryError
from catalog.kernels._common.arrays import Array
from catalog.threads import n_threads

Answer = TypeVar("Answer")
ForBlocks = Callable[[Callable[[int, int], Answer], int, int], list[Answer]]


@contextmanager
def row_blocks() -> Iterator[ForBlocks[Any]]:
    """Lend a function that maps over blocks of rows and gives the answers in the order of the rows.

    Inside it BLAS runs on one thread: each block is one sequential computation whose bounds depend
    on the data alone, so sums come out bit for bit the same with 1, 2 or 20 threads. Peak memory is
    that of ``n_threads()`` blocks plus the answers.

    >>> with row_blocks() as for_blocks:
    ...     for_blocks(lambda start, stop: (start, stop), 5, 2)
    [(0, 2), (2, 4), (4, 5)]
    """
    from threadpoolctl import threadpool_limits  # ships no type information

    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(n_threads()) as pool:

        def for_blocks(
            function: Callable[[int, int], Answer], n_rows: int, size: int
        ) -> list[Answer]:
            starts = range(0, n_rows, size)
            return list(pool.map(lambda start: function(start, min(start + size, n_rows)), starts))

        yield for_blocks


def require_finite(vectors: Array, column: str, *, function: str) -> None:
    """Refuse vectors with NaN or infinite values, which no distance is defined for.

    Args:
        vectors: (n, d), any float type.
        column: where they came from, for the message.
        function: who asks, for the message.

    Raises:
        QueryError: a value is not finite.

    >>> require_finite(np.zeros((2, 3)), "v", function="kmeans")
    """
    bad = 0
    for start in range(0, len(vectors), 65_536):
        bad += int((~np.isfinite(vectors[start : start + 65_536]).all(axis=1)).sum())
    if bad:
        raise QueryError(
            f"{function}: {bad:,} of {len(vectors):,} vectors in {column} hold NaN or infinity; "
            "filter them with WHERE first"
        )
