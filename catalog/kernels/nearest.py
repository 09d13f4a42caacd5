"""Find the k nearest rows of one relation to each row of another, exactly, by cosine."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.relation import pairs_of, with_columns
from catalog.kernels._common.similarity import SLACK, pair_cosines, unit_rows
from catalog.kernels._common.spread import Spread
from catalog.kernels._common.vector_pairs import vector_pair
from catalog.threads import n_threads

QUERIES = 256  # queries of a block
CANDIDATES = 8_192  # candidates of a block
WAITING = 1 << 20  # pairs of a block of queries that wait for their exact cosine


@kernel(
    version=1,
    adds={"rank": "BIGINT", "similarity": "DOUBLE"},
    pair_prefix="query_",
    reads="vectors",
)
def nearest(
    candidates: pa.Table,
    queries: pa.Table,
    *,
    k: int = 10,
    others: bool = False,
    memory: int | None = None,
) -> pa.Table:
    """Return, for every query row, its ``k`` most similar candidate rows.

    Every pair is looked at in float32; what may be among the ``k`` is compared in float64.

    Args:
        candidates: rows with one vector column of d numbers.
        queries: rows with one vector column of d numbers; or, in SQL, a text, which the encoder of
            the candidates' ``embeddings(...)`` turns into one.
        k: neighbours of a query, 1 or more; all candidates where they are fewer.
        others: leave out the candidate that has the query's own fingerprint, for the neighbours of
            a pool within itself.
        memory: bytes that it may hold: ``4 d`` a candidate and a query, 88 and the columns of an
            answer's row ``k`` times a query, and 88 MiB a thread.

    Returns:
        One row for a query and a neighbour, by the query's fingerprint and then by rank: the
        query's columns but its vector, named ``query_...``, the candidate's but its vector,
        ``rank`` (int64, from 1) and ``similarity`` (float64 cosine, rounded to 12 digits; 0 for a
        vector of zeros). Equal similarities go to the lowest fingerprint.

    Raises:
        OptionError: ``k`` is below 1.
        QueryError: there is no vector column, vectors are NULL, of unlike lengths or not finite, or
            ``others`` lacks the fingerprints.
        MemoryLimitError: it would not fit ``memory``.

    >>> candidates = pa.table({"fingerprint": ["a", "b"], "v": [[1.0, 0.0], [3.0, 4.0]]})
    >>> queries = pa.table({"fingerprint": ["q"], "v": [[0.0, 2.0]]})
    >>> nearest(candidates, queries, k=1).to_pydict()
    {'query_fingerprint': ['q'], 'fingerprint': ['b'], 'rank': [1], 'similarity': [0.8]}
    """
    if k < 1:
        raise OptionError(f"nearest: k => {k} must be 1 or more")
    (left, right), (x, y) = vector_pair(candidates, queries, function="nearest", others="queries")
    require_memory(
        4 * (x.size + y.size) + 88 * len(y) * min(k, len(x)) + n_threads() * (88 << 20),
        memory,
        purpose=f"nearest of {len(y):,} queries among {len(x):,} x {x.shape[1]}",
        instead="ask for fewer queries at once, or a smaller k",
    )
    own = _own(left, right) if others else np.full(len(y), -1)
    query, candidate, similarity = neighbours(x, y, k, own)
    rank = np.arange(len(query)) - np.searchsorted(query, query) + 1
    pairs = pairs_of(left, right, candidate, query, prefix="query_")
    return with_columns(pairs, rank=rank, similarity=similarity)


def _own(candidates: pa.Table, queries: pa.Table) -> Array:
    """Return the candidate that is the query itself, -1 where there is none: (m,) int64."""
    for side, rows in (("candidates", candidates), ("queries", queries)):
        if "fingerprint" not in rows.column_names:
            raise QueryError(
                f"nearest: others => true needs a fingerprint column; the {side} have none"
            )
    place = {
        fingerprint: row for row, fingerprint in enumerate(candidates["fingerprint"].to_pylist())
    }
    return np.array(
        [place.get(fingerprint, -1) for fingerprint in queries["fingerprint"].to_pylist()],
        dtype=np.int64,
    )


def neighbours(x: Array, y: Array, k: int, own: Array) -> tuple[Array, Array, Array]:
    """Return the ``k`` most similar rows of ``x`` to every row of ``y``, as `nearest` does.

    Args:
        x: candidates, (n, d) float32, by fingerprint.
        y: queries, (m, d) float32.
        k: neighbours of a query.
        own: the candidate that a query leaves out, -1 for none: (m,) int64.

    Returns:
        Query, candidate and similarity, by query and rank: (p,) int64, int64, float64.
    """
    nothing = np.empty(0, dtype=np.int64)
    if not len(x) or not len(y):
        return nothing, nothing, np.empty(0)
    with row_blocks() as for_blocks:
        spread = Spread(
            y,
            size=QUERIES,
            for_blocks=for_blocks,
            cost=x.size,
            name="nearest",
            whole=(x, unit_rows(x)),
        )
        answers = spread.map(partial(_of_block, k), own)
    query, candidate, similarity = (
        np.concatenate([answer[part] for answer in answers]) for part in range(3)
    )
    lengths = [len(answer[0]) for answer in answers]
    return query + np.repeat(np.arange(len(answers)) * QUERIES, lengths), candidate, similarity


def _of_block(k: int, y: Array, own: Array, x: Array, units: Array) -> tuple[Array, Array, Array]:
    """Return what `neighbours` does for a block of queries; these count from 0."""
    best = _Best(x, y, k)
    directions = unit_rows(y)
    for base in range(0, len(x), CANDIDATES):
        near = directions @ units[base : base + CANDIDATES].T  # (QUERIES, CANDIDATES)
        inside = np.flatnonzero((own >= base) & (own < base + near.shape[1]))
        near[inside, own[inside] - base] = -np.inf
        best.look(near, base)
    best.settle()
    return best.query, best.candidate, best.similarity


class _Best:
    """The k best candidates so far of every query of a block, and the pairs still to compare."""

    def __init__(self, x: Array, y: Array, k: int) -> None:
        self.x, self.y, self.k = x, y, k
        self.query = np.empty(0, dtype=np.int64)
        self.candidate = np.empty(0, dtype=np.int64)
        self.similarity = np.empty(0)
        self.waiting: list[tuple[Array, Array]] = []
        self.n_waiting = 0
        self.floor = np.full(
            len(y), -2.0
        )  # nothing below it, within float32's error, is among the k

    def look(self, near: Array, base: int) -> None:
        """Take in the float32 cosines, (m, b), of candidates from ``base`` on; -inf is left out."""
        if near.shape[1] >= self.k:
            kth = np.partition(near, near.shape[1] - self.k, axis=1)[:, near.shape[1] - self.k]
            self.floor = np.maximum(self.floor, kth - 2 * SLACK)
        query, place = np.nonzero(near >= np.maximum(self.floor, -2)[:, None])
        self.waiting.append((query, place + base))
        self.n_waiting += len(query)
        if self.n_waiting >= WAITING:
            self.settle()

    def settle(self) -> None:
        """Compare what waits in float64 and keep the k best of every query."""
        query = np.concatenate([pair[0] for pair in self.waiting] or [np.empty(0, dtype=np.int64)])
        candidate = np.concatenate(
            [pair[1] for pair in self.waiting] or [np.empty(0, dtype=np.int64)]
        )
        self.waiting, self.n_waiting = [], 0
        exact = pair_cosines(self.y, query, self.x, candidate)
        query, candidate = (
            np.concatenate([self.query, query]),
            np.concatenate([self.candidate, candidate]),
        )
        similarity = np.concatenate([self.similarity, exact])
        order = np.lexsort((candidate, -similarity, query))
        query = query[order]
        kept = np.arange(len(query)) - np.searchsorted(query, query) < self.k
        self.query, self.candidate, self.similarity = (
            query[kept],
            candidate[order][kept],
            similarity[order][kept],
        )
        full, last = np.unique(self.query[::-1], return_index=True)
        enough = np.bincount(self.query, minlength=len(self.y))[full] == self.k
        worst = self.similarity[::-1][last]
        self.floor[full[enough]] = np.maximum(self.floor[full[enough]], worst[enough] - SLACK)
