"""Facility location: rows such that every row of the relation is similar to one of them.

Lin and Bilmes 2011; Mirzasoleiman et al. 2020.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Numbers, Rows, Vectors
from catalog.kernels._common.lazy_greedy import maximise
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import ForBlocks, n_threads, require_finite, row_blocks
from catalog.kernels._common.relation import canonical, matrix, vector_column, with_columns

_N_BLOCK = 1024  # rows of one product of similarities
_N_CANDIDATES = 512  # columns of one product
_N_FRONT = 128
_HELD = 2**28  # bytes: similarities of all pairs are held where they need no more
_N_PAST = 256  # how many earlier states of the best similarities are kept
_SLACK = 1e-5  # more than a float32 product of unit vectors of some thousand numbers is ever off


@kernel(
    version=1,
    adds={"rank": "BIGINT", "gain": "DOUBLE", "mean_similarity": "DOUBLE"},
    is_ranked=True,
)
def facility_location(vectors: pa.Table, *, budget: int, memory: int | None = None) -> pa.Table:
    """Choose rows one by one, each the one that represents the other rows best.

    It adds most to the sum, over all rows, of the similarity to the most similar chosen row.

    The similarity is the cosine, negative ones counted as 0; a row of zeros is similar to nothing.
    The function is monotone and submodular, so the greedy order is within 1 - 1/e of the best
    subset of every size. The order equals that of a greedy that evaluates every row at every pick.
    Computed in float64; gains are compared on a grid of 2**-30 of the largest first gain's power of
    two, and equal ones go to the lowest fingerprint.

    All n x n similarities are held only where they fit 256 MiB, and else computed in blocks
    whenever they are needed. The first gains take half of them. After that a gain changes only by
    the rows whose best similarity has changed, and those become few: it catches up by them alone.

    Memory beside the relation: ``12 n d + 8 n (256 + n / 1024) + 2**26`` bytes, 2**23 more for each
    thread, and at most 2**28 for similarities.

    Args:
        vectors: a relation with one column of vectors.
        budget: how many rows to choose; all of them, in greedy order, when there are fewer.
        memory: bytes it may hold; None means no limit.

    Returns:
        The chosen rows in order, without their vectors, with ``rank`` (int64, from 1), ``gain``
        (float64) and ``mean_similarity`` (float64): the sum of the gains so far over the number of
        rows.

    Raises:
        OptionError: an argument is out of its range.
        QueryError: not exactly one vector column, or a vector is NULL, not finite, or of another
            length.
        MemoryLimitError: ``memory`` is too small.

    >>> vectors = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]
    >>> rows = pa.table({"fingerprint": ["a", "b", "c"], "vector": vectors})
    >>> facility_location(rows, budget=2).drop_columns(["gain", "mean_similarity"]).to_pylist()
    [{'fingerprint': 'c', 'rank': 1}, {'fingerprint': 'a', 'rank': 2}]
    """
    if budget < 1:
        raise OptionError(f"facility_location: budget is {budget}; it must be at least 1")
    column = vector_column(vectors, function="facility_location")
    rows = canonical(vectors)
    x = matrix(rows, column, function="facility_location")
    rows = rows.drop_columns([column])
    n, d = x.shape
    budget = min(budget, n)
    require_memory(
        12 * n * d
        + 8 * n * (_N_PAST + n // _N_BLOCK)
        + 2**26
        + 2**23 * n_threads()
        + (8 * n * n if 8 * n * n <= _HELD else 0),
        memory,
        purpose=f"facility_location of {n:,} x {d:,}",
        instead="raise the limit, or choose from fewer rows, e.g. those that represent "
        "near_duplicates or kmeans",
    )
    require_finite(x, column, function="facility_location")
    order, gains = np.empty(0, dtype=np.int64), np.empty(0)
    if budget:
        with row_blocks() as for_blocks:
            objective = _Similarities(x, for_blocks=for_blocks)
            order, gains = maximise(
                objective, objective.first(), budget=budget, n_front=min(_N_FRONT, n)
            )
    rank = np.arange(1, budget + 1, dtype=np.int64)
    return with_columns(
        rows.take(pa.array(order)),
        rank=rank,
        gain=gains,
        mean_similarity=np.cumsum(gains) / max(n, 1),
    )


class _Similarities:
    """The sum of every row's best similarity to the chosen, as ``lazy_greedy`` asks for it."""

    def __init__(self, x: Vectors, *, for_blocks: ForBlocks[Any]) -> None:
        self._for_blocks = for_blocks
        self._units: Numbers = x.astype(np.float64)  # (n, d)
        lengths = np.sqrt(np.einsum("ij,ij->i", self._units, self._units))
        self._units /= np.where(lengths > 0, lengths, 1.0)[:, None]
        self._coarse: Vectors = self._units.astype(
            np.float32
        )  # (n, d), which halves what a pick reads
        n = len(x)
        self._best: Numbers = np.zeros(n)  # similarity of every row to its nearest chosen one
        self._gains: Numbers = np.zeros(n)  # as of _true_at
        self._true_at = np.zeros(n, dtype=np.int64)
        self._turn = 0  # how many are chosen
        self._past: dict[int, Numbers] = {0: self._best.copy()}  # _best by turn
        self._front: Rows = np.empty(0, dtype=np.int64)
        self._held: Numbers | None = np.empty((n, n)) if 8 * n * n <= _HELD else None

    def first(self) -> Numbers:
        """Return every row's gain over the empty solution, (n,): the sum of its similarities."""
        n = len(self._units)

        def share(start: int, stop: int) -> Numbers:
            sums = np.zeros(n)
            for other in range(start, n, _N_BLOCK):
                near = (
                    self._units[start:stop] @ self._units[other : other + _N_BLOCK].T
                )  # (n_block, n_block)
                np.maximum(near, 0.0, out=near)
                if self._held is not None:
                    self._held[start:stop, other : other + _N_BLOCK] = near
                    self._held[other : other + _N_BLOCK, start:stop] = near.T
                sums[start:stop] += near.sum(axis=1)
                if other > start:
                    sums[other : other + _N_BLOCK] += near.sum(axis=0)
            return sums

        for sums in self._for_blocks(share, n, _N_BLOCK):
            self._gains += sums
        return self._gains.copy()

    def load(self, rows: Rows) -> None:
        """Make these rows the front."""
        self._front = rows

    def accept(self, position: int) -> Numbers:
        """Choose one row of the front; the front's gains after it."""
        row = self._front[position : position + 1]
        if self._held is not None:
            maybe, similarity = np.arange(len(self._best)), self._held[row[0]]
        else:
            maybe = np.flatnonzero(self._coarse @ self._coarse[row[0]] > self._best - _SLACK)
            similarity = self._near(maybe, row)[:, 0]
        is_closer = similarity > self._best[maybe]
        closer, similarity = maybe[is_closer], similarity[is_closer]
        before = self._best[closer]
        self._best[closer] = similarity
        self._turn += 1
        self._gains[self._front] -= self._fall(self._front, closer, before, similarity)
        self._true_at[self._front] = self._turn
        return self._gains[self._front]

    def refresh(self, rows: Rows) -> Numbers:
        """Return the current gains of any rows, shape (n_rows,)."""
        if self._held is not None:
            self._gains[rows] = self._from_held(self._held, rows)
        else:
            for turn in np.unique(self._true_at[rows]):
                self._catch_up(rows[self._true_at[rows] == turn], int(turn))
            self._remember()
        self._true_at[rows] = self._turn
        return self._gains[rows]

    def _from_held(self, held: Numbers, rows: Rows) -> Numbers:
        """Compute gains anew, one row of similarities at a time, since a row fits the cache."""
        better = np.empty(len(self._best))
        sums = np.empty(len(rows))
        for place, row in enumerate(rows.tolist()):
            np.maximum(held[row], self._best, out=better)
            sums[place] = np.add.reduce(better)
        sums -= self._best.sum()
        return sums

    def _remember(self) -> None:
        """Keep this turn's best similarities: rows that are true now catch up from here."""
        self._past[self._turn] = self._best.copy()
        while len(self._past) > _N_PAST:
            del self._past[min(self._past)]

    def _catch_up(self, rows: Rows, turn: int) -> None:
        """Bring gains up to date by the rows whose best similarity has changed since.

        If that is more work, gains are computed anew.
        """
        past = self._past.get(turn)
        changed = np.flatnonzero(self._best > past) if past is not None else None
        for start in range(0, len(rows), _N_CANDIDATES):
            part = rows[start : start + _N_CANDIDATES]
            if past is None or changed is None or 2 * len(changed) > len(self._best):
                everything = np.flatnonzero(self._best < 1.0)
                self._gains[part] = self._fall(part, everything, self._best[everything], None)
            else:
                self._gains[part] -= self._fall(part, changed, past[changed], self._best[changed])

    def _near(self, rows: Rows, candidates: Rows) -> Numbers:
        """Similarities, shape (n_rows, n_candidates); negative ones may be as they are, or 0."""
        if self._held is not None:
            return self._held[rows[:, None], candidates]
        return self._units[rows] @ self._units[candidates].T

    def _fall(
        self, candidates: Rows, rows: Rows, before: Numbers, after: Numbers | None
    ) -> Numbers:
        """Return the fall of candidates' gains as rows' best similarities rise, (n_candidates,).

        Args:
            candidates: whose gains, (n_candidates,).
            rows: whose best similarity rises.
            before: their best similarities, (n_rows,).
            after: what these become; None for so high that nothing is left to gain.
        """

        def share(start: int, stop: int) -> Numbers:
            gained = self._near(rows[start:stop], candidates)  # (n_block, n_candidates)
            gained -= before[start:stop, None]
            np.maximum(gained, 0.0, out=gained)
            if after is not None:
                # Of what was to gain, as much as the rise is gone.
                np.minimum(gained, (after - before)[start:stop, None], out=gained)
            sums: Numbers = gained.sum(axis=0)
            return sums

        if len(rows) <= _N_BLOCK:  # handing work to threads costs more
            return share(0, len(rows))
        total: Numbers = np.sum(self._for_blocks(share, len(rows), _N_BLOCK), axis=0)
        return total
