"""Influence of rows on a target: the inner product of their gradients, the best subtask counting.

The score of LESS: Xia et al., ICML 2024, "LESS: Selecting Influential Data for Targeted Instruction
Tuning", arXiv 2402.04333.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from catalog.errors import QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.relation import with_columns
from catalog.kernels._common.vector_pairs import vector_pair

BLOCK = 4_096  # numbers of a vector that are multiplied at a time


@kernel(version=1, adds={"influence": "DOUBLE", "subtask": "VARCHAR"}, reads="vectors")
def influence(rows: pa.Table, targets: pa.Table, *, memory: int | None = None) -> pa.Table:
    """Measure how far training on each row moves a model towards a target.

    A row's influence on a subtask is the mean of its inner products with the examples of that
    subtask; its influence is the largest over the subtasks. Vectors of ``gradients(...)`` have
    length one in such a way that an inner product is the sum over checkpoints of the cosine times
    the checkpoint's share of the learning rate.

    Args:
        rows: rows with ``fingerprint`` and one vector column of d numbers.
        targets: rows with ``fingerprint``, one vector column of d numbers, and perhaps ``subtask``;
            without it they are one subtask.
        memory: bytes that it may hold: ``4 d`` a row and a target, and ``12 d`` a subtask.

    Returns:
        The rows by fingerprint, without their vectors, with ``influence`` (float64, rounded to 12
        digits) and ``subtask``, the one that it is largest on, the first by name of equal ones.

    Raises:
        QueryError: there is no target, no vector column or no fingerprint, or vectors are NULL, of
            unlike lengths or not finite.
        MemoryLimitError: it would not fit ``memory``.

    >>> rows = pa.table({"fingerprint": ["a", "b"], "v": [[1.0, 0.0], [0.0, 0.5]]})
    >>> axes = [[1.0, 0.0], [0.0, 1.0]]
    >>> targets = pa.table({"fingerprint": ["s", "t"], "subtask": ["x", "y"], "v": axes})
    >>> influence(rows, targets).drop_columns(["fingerprint"]).to_pydict()
    {'influence': [1.0, 0.5], 'subtask': ['x', 'y']}
    """
    (left, right), (x, y) = vector_pair(rows, targets, function="influence", others="targets")
    if not len(y):
        raise QueryError("influence: the target has no gradients; select rows that have some")
    names, subtasks = _subtasks(right)
    require_memory(
        4 * (x.size + y.size) + 12 * len(names) * y.shape[1],
        memory,
        purpose=f"influence of {len(y):,} targets on {len(x):,} x {x.shape[1]}",
        instead="raise the limit, or compute gradients with a smaller dim",
    )
    means = np.stack([y[subtasks == k].mean(axis=0, dtype=np.float64) for k in range(len(names))])
    products = np.round(_products(x, means), 12)  # (n, S)
    best = products.argmax(axis=1)
    return with_columns(
        left,
        influence=products[np.arange(len(x)), best],
        subtask=pa.array([names[place] for place in best], pa.string()),
    )


def _subtasks(targets: pa.Table) -> tuple[list[str], Rows]:
    """Return the names of the subtasks in order, and the place of each target's among them."""
    column = [""] * targets.num_rows
    if "subtask" in targets.column_names:
        column = [str(name or "") for name in targets["subtask"].to_pylist()]
    names, places = np.unique(np.array(column, dtype=object).astype(str), return_inverse=True)
    return names.tolist(), places


def _products(x: Vectors, means: Numbers) -> Numbers:
    """Return the inner products of rows (n, d) with means (S, d), added in float64: (n, S)."""
    products = np.zeros((len(x), len(means)))
    for start in range(0, x.shape[1], BLOCK):
        part = slice(start, start + BLOCK)
        for place, mean in enumerate(means[:, part]):
            products[:, place] += np.einsum("ij,j->i", x[:, part], mean, dtype=np.float64)
    return products
