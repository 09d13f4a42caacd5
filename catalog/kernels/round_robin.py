"""Round robin over a target: each of its examples in turn takes its most similar free row.

The selection of RDS+: Ivison et al. 2025, "Large-Scale Data Selection for Instruction Tuning",
arXiv 2503.01807.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.relation import with_columns
from catalog.kernels._common.vector_pairs import vector_pair
from catalog.kernels.nearest import neighbours
from catalog.threads import n_threads

PAIRS = 1 << 22  # similarities that are held at most, unless a turn each needs more
SPARE = 32  # rows of a list beyond the turns of its example


@kernel(
    version=1,
    adds={"rank": "BIGINT", "target": "VARCHAR", "similarity": "DOUBLE"},
    is_ranked=True,
    reads="vectors",
)
def round_robin(
    rows: pa.Table, targets: pa.Table, *, budget: int, memory: int | None = None
) -> pa.Table:
    """Let each target in turn take its most similar row that no target has taken.

    Targets take turns in the order of their fingerprints. Similarities are those of `nearest`:
    cosines in float64, rounded to 12 digits; equal ones go to the lowest fingerprint. Every target
    keeps a list of its most similar rows, and lists that run out are filled again from the rows
    that are left, so the matrix of all similarities is never held.

    Args:
        rows: rows with ``fingerprint`` and one vector column of d numbers.
        targets: rows with ``fingerprint`` and one vector column of d numbers.
        budget: how many rows to take; all of them, in order, when there are fewer.
        memory: bytes that it may hold: ``16 d`` a row, ``4 d`` a target, 64 for each of at most
            4,194,304 similarities (more where targets have more turns), and 88 MiB a thread.

    Returns:
        The rows in the order taken, without their vectors, with ``rank`` (int64, from 1),
        ``target``, the fingerprint of the target that took it, and ``similarity`` (float64).

    Raises:
        OptionError: ``budget`` is below 1.
        QueryError: there is no target, no vector column or no fingerprint, or vectors are NULL, of
            unlike lengths or not finite.
        MemoryLimitError: it would not fit ``memory``.

    >>> rows = pa.table({"fingerprint": ["a", "b", "c"], "v": [[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]]})
    >>> targets = pa.table({"fingerprint": ["s", "t"], "v": [[1.0, 0.0], [1.0, 0.0]]})
    >>> round_robin(rows, targets, budget=2).select(["fingerprint", "target"]).to_pydict()
    {'fingerprint': ['a', 'b'], 'target': ['s', 't']}
    """
    if budget < 1:
        raise OptionError(f"round_robin: budget is {budget}; it must be at least 1")
    (left, right), (x, y) = vector_pair(rows, targets, function="round_robin", others="targets")
    _require_targets(right)
    budget = min(budget, len(x))
    length = list_length(budget, n_targets=len(y), n_rows=len(x))
    require_memory(
        16 * x.size + 4 * y.size + 64 * len(y) * length + n_threads() * (88 << 20),
        memory,
        purpose=f"round_robin of {len(y):,} targets among {len(x):,} x {x.shape[1]}",
        instead="raise the limit, or use fewer targets",
    )
    order, similarities = _take_turns(x, y, budget, length)
    names = right["fingerprint"].take(pa.array(np.arange(budget) % len(y)))
    return with_columns(
        left.take(pa.array(order)),
        rank=np.arange(1, budget + 1, dtype=np.int64),
        target=names,
        similarity=similarities,
    )


def list_length(budget: int, *, n_targets: int, n_rows: int) -> int:
    """Return how many of its most similar rows a target keeps at most."""
    turns = -(-budget // n_targets)
    return min(n_rows, max(2 * turns + SPARE, PAIRS // n_targets))


def _require_targets(targets: pa.Table) -> None:
    if "fingerprint" not in targets.column_names:
        raise QueryError("round_robin: the targets have no fingerprint column; select it too")
    if not targets.num_rows:
        raise QueryError("round_robin: there is no target; select at least one row")


def _take_turns(x: Vectors, y: Vectors, budget: int, length: int) -> tuple[Rows, Numbers]:
    """Return the rows in the order taken, and their similarities: both (budget,).

    Args:
        x: rows by fingerprint, (n, d).
        y: targets by fingerprint, (m, d).
        budget: how many rows to take, at most n.
        length: of a list at most.
    """
    lists = _Lists(x, y, n_first=-(-budget // len(y)) + SPARE, n_most=length)
    order, similarities = np.empty(budget, dtype=np.int64), np.empty(budget)
    for turn in range(budget):
        order[turn], similarities[turn] = lists.take(turn % len(y))
    return order, similarities


class _Lists:
    """For every target its most similar rows that were free when the list was filled."""

    def __init__(self, x: Vectors, y: Vectors, *, n_first: int, n_most: int) -> None:
        self._x, self._y = x, y
        self._is_free = np.ones(len(x), dtype=bool)
        self._n, self._n_most = min(n_first, n_most), n_most
        self._rows: list[Rows] = [np.empty(0, dtype=np.int64)] * len(y)
        self._similarities: list[Numbers] = [np.empty(0)] * len(y)
        self._next = np.zeros(len(y), dtype=np.int64)

    def take(self, target: int) -> tuple[int, float]:
        """Take the most similar free row of a target; one must be left."""
        if not self._has_free(target):
            self._fill([other for other in range(len(self._y)) if not self._has_free(other)])
            self._n = min(2 * self._n, self._n_most)
        place = self._next[target]
        row = int(self._rows[target][place])
        self._is_free[row] = False
        return row, float(self._similarities[target][place])

    def _has_free(self, target: int) -> bool:
        """Go on to the first free row of a list; return whether there is one."""
        rows, place = self._rows[target], int(self._next[target])
        while place < len(rows) and not self._is_free[rows[place]]:
            place += 1
        self._next[target] = place
        return place < len(rows)

    def _fill(self, targets: list[int]) -> None:
        free = np.flatnonzero(self._is_free)
        nobody = np.full(len(targets), -1)
        query, candidate, similarity = neighbours(self._x[free], self._y[targets], self._n, nobody)
        bounds = np.searchsorted(query, np.arange(len(targets) + 1))
        for place, target in enumerate(targets):
            part = slice(bounds[place], bounds[place + 1])
            self._rows[target] = free[candidate[part]]
            self._similarities[target] = similarity[part]
            self._next[target] = 0
