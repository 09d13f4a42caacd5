"""Choose rows that add the most information to a graph of labels, one after the other.

Chen et al., "MIG: Automatic data selection for instruction tuning by maximizing information gain in
semantic space" (arXiv 2504.13835).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arguments import require_arguments
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.lazy_greedy import maximise
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns
from catalog.kernels._common.similarity import similar_pairs
from catalog.threads import n_threads

EPSILON = 1e-6  # of the paper's phi; phi' is finite at 0
FRONT = 1_024  # rows whose gains are kept true at every pick


@kernel(version=1, adds={"rank": "BIGINT", "gain": "DOUBLE"}, drops=None, is_ranked=True, reads=())
def mig(
    rows: pa.Table,
    embeddings: pa.Table,
    *,
    budget: int,
    labels: str = "labels",
    score: str = "score",
    threshold: float = 0.9,
    power: float = 0.8,
    memory: int | None = None,
) -> pa.Table:
    """Pick rows greedily by their score, spread over like labels, where the labels know least.

    ``W`` is the cosine of two labels where it is at least ``threshold``, else 0; ``A`` is ``W``
    with every column divided by its sum. Row i has ``v_i``, its score at each of its labels; the
    chosen rows D have ``x = sum v_i A``. The next is the row with the greatest ``<v_i A,
    phi'(x)>``, ``phi(x) = (x + 1e-6)^power``. As x only grows, phi' only falls and no gain ever
    rises, so a gain of an earlier pick is an upper bound: most are never looked at again, and the
    picks are those of looking at all of them.

    Args:
        rows: rows with a list of labels (NULL or empty adds nothing, repeats count once) and a
            score of 0 or more.
        embeddings: the labels, in a text column ``label``, once each, and their vectors.
        budget: rows to choose, 1 or more; all of them where they are fewer.
        labels: the column of the labels.
        score: the column of the score.
        threshold: cosine from which two labels share information, above 0, up to 1.
        power: of phi, above 0, up to 1; 1 is plain top score.
        memory: bytes that it may hold: ``60`` a pair of row and label that its labels reach, ``4
            d`` and 24 a pair a label, 10 MiB a thread, and 60 a row.

    Returns:
        The chosen rows in order, with the input's columns and ``rank`` (int64, from 1) and ``gain``
        (float64). Equal gains, on a grid of about 1e-9 of the first, go to the lowest fingerprint.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: a column is missing or of the wrong type, a score is NULL, negative or not
            finite, or a label has no vector or two.
        MemoryLimitError: it would not fit ``memory``.

    >>> names = ["add", "sum", "poem"]
    >>> labels, scores = [[name] for name in names], [5.0, 4.0, 3.0]
    >>> rows = pa.table({"fingerprint": list("abc"), "labels": labels, "score": scores})
    >>> vectors = [[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    >>> embeddings = pa.table({"label": names, "v": vectors})
    >>> mig(rows, embeddings, budget=2)["fingerprint"].to_pylist()
    ['a', 'c']
    """
    _require_arguments(budget=budget, threshold=threshold, power=power)
    ordered = canonical(rows)
    if "label" not in embeddings.column_names:
        raise QueryError(
            "mig: the embeddings must have a column label; their columns are "
            f"{', '.join(embeddings.column_names)}"
        )
    embeddings = embeddings.sort_by("label")
    graph = _graph(embeddings, threshold, memory)
    scores = _scores(ordered, score)
    reach = _with_scores(_of_rows(ordered, labels, embeddings), scores)
    reached = int(
        np.bincount(reach.indices, minlength=reach.shape[1]) @ np.diff(graph.tocsr().indptr)
    )
    needed = 60 * (reached + len(scores))
    require_memory(
        needed,
        memory,
        purpose=f"mig of {len(scores):,} rows",
        instead="raise the threshold, or choose from fewer rows",
    )
    spread = (reach @ graph).tocsr()  # (n, L): v_i A
    spread.sort_indices()
    if not len(scores):
        return with_columns(ordered, rank=np.empty(0, dtype=np.int64), gain=np.empty(0))
    information = _Information(spread, power)
    chosen, gains = maximise(
        information,
        information.refresh(np.arange(len(scores))),
        budget=min(budget, len(scores)),
        n_front=FRONT,
    )
    return with_columns(
        ordered.take(pa.array(chosen)), rank=np.arange(1, len(chosen) + 1), gain=gains
    )


class _Information:
    """The objective of the greedy loop: what every row adds to what the labels know."""

    def __init__(self, spread: Any, power: float) -> None:
        self.spread = spread  # (n, L) sparse
        self.power = power
        self.known = np.zeros(spread.shape[1])  # (L,): x
        self.front = np.empty(0, dtype=np.int64)
        self.part = spread[:0]

    def _slope(self) -> Array:
        return np.asarray(self.power * (self.known + EPSILON) ** (self.power - 1))

    def load(self, rows: Array) -> None:
        self.front, self.part = rows, self.spread[rows]

    def accept(self, position: int) -> Array:
        row = self.front[position]
        places = slice(self.spread.indptr[row], self.spread.indptr[row + 1])
        self.known[self.spread.indices[places]] += self.spread.data[places]
        return np.asarray(self.part @ self._slope())

    def refresh(self, rows: Array) -> Array:
        return np.asarray(self.spread[rows] @ self._slope())


def _require_arguments(*, budget: int, threshold: float, power: float) -> None:
    require_arguments(
        (budget >= 1, f"budget => {budget} must be 1 or more"),
        (0 < threshold <= 1, f"threshold => {threshold} must be above 0 and at most 1"),
        (0 < power <= 1, f"power => {power} must be above 0 and at most 1"),
        function="mig",
    )


def _names(embeddings: pa.Table) -> list[str]:
    return [str(name) for name in embeddings["label"].to_pylist()]


def _graph(embeddings: pa.Table, threshold: float, memory: int | None) -> Any:
    """Return A, (L, L) sparse float64."""
    from scipy.sparse import coo_array

    names = _names(embeddings)
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise QueryError(
            f"mig: the label {twice!r} has more than one embedding; "
            f"{len(names) - len(set(names)):,} repeats in all"
        )
    column = vector_column(embeddings, function="mig")
    x = matrix(embeddings, column, function="mig")
    n = len(x)
    needed = 4 * x.size + n_threads() * (10 << 20)
    require_memory(
        needed, memory, purpose=f"mig with {n:,} labels", instead="merge rare labels first"
    )
    require_finite(x, column, function="mig")
    with row_blocks() as for_blocks:
        found = list(similar_pairs(x, threshold, for_blocks))
    i, j = (
        np.concatenate([np.empty(0, dtype=np.int64), *(pair[side] for pair in found)])
        for side in (0, 1)
    )
    cosines = np.concatenate([np.empty(0), *(pair[2] for pair in found)])
    own = np.arange(n)
    weights = (
        np.concatenate([cosines, cosines, np.ones(n)]),
        (np.concatenate([i, j, own]), np.concatenate([j, i, own])),
    )
    near = coo_array(weights, shape=(n, n)).tocsc()
    return near.multiply(
        1 / np.maximum(near.sum(axis=0), EPSILON)
    ).tocsc()  # every column sums to 1


def _scores(rows: pa.Table, score: str) -> Array:
    if score not in rows.column_names:
        raise QueryError(
            f"mig: there is no column {score}, see score => '...'; "
            f"the columns are {', '.join(rows.column_names)}"
        )
    column = rows[score]
    if not (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_decimal(column.type)
    ):
        raise QueryError(f"mig: {score} is {column.type}; a score is a number")
    values = np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    bad = int((~(values >= 0) | np.isinf(values)).sum())
    if bad:
        raise QueryError(
            f"mig: {bad:,} of {len(values):,} rows have a {score} that is NULL, negative or not "
            "finite; filter or shift them"
        )
    return values


def _of_rows(rows: pa.Table, labels: str, embeddings: pa.Table) -> Any:
    """Which row has which label: (n, L) sparse, 1 where it has it."""
    from scipy.sparse import csr_array

    if labels not in rows.column_names:
        raise QueryError(
            f"mig: there is no column {labels}, see labels => '...'; "
            f"the columns are {', '.join(rows.column_names)}"
        )
    kind = rows[labels].type
    of_text = (pa.string(), pa.large_string(), pa.string_view())
    if (
        not (pa.types.is_list(kind) or pa.types.is_large_list(kind))
        or kind.value_type not in of_text
    ):
        raise QueryError(f"mig: {labels} holds no lists of text but {kind}")
    number = {name: place for place, name in enumerate(_names(embeddings))}
    lists = [sorted(set(part or ()) - {None}) for part in rows[labels].to_pylist()]
    unknown = sorted({name for part in lists for name in part if name not in number})
    if unknown:
        raise QueryError(
            f"mig: {len(unknown):,} labels have no embedding, among them "
            f"{', '.join(map(repr, unknown[:3]))}"
        )
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in lists], dtype=np.int64)])
    places = np.array([number[name] for part in lists for name in part], dtype=np.int64)
    return csr_array((np.ones(len(places)), places, offsets), shape=(len(lists), len(number)))


def _with_scores(reach: Any, scores: Array) -> Any:
    """v: (n, L) sparse, the row's score at each of its labels."""
    reach.data = np.repeat(scores, np.diff(reach.indptr))
    return reach
