"""Correct the ratings of rows by those of the rows most similar to them.

Pang et al., ICLR 2025, "Improving Data Efficiency via Curating LLM-Driven Rating Systems" (DS2),
arXiv 2410.10877; the detection of wrong ratings is SimiFeat (Zhu, Dong and Liu, ICML 2022).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from catalog.errors import OptionError, QueryError
from catalog.kernels import kernel
from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.memory_limit import require_memory
from catalog.kernels._common.parallel import require_finite
from catalog.kernels._common.relation import (
    canonical,
    matrix,
    numbers_of,
    vector_column,
    with_columns,
)
from catalog.kernels._common.transition import Consensus, consensus, transition
from catalog.kernels.nearest import neighbours
from catalog.threads import n_threads

MOST_CLASSES = 20
FEWEST = 4
_TINY = 1e-8


@kernel(
    version=1,
    adds={"suggested": "DOUBLE", "confidence": "DOUBLE", "rarity": "DOUBLE"},
    cached=True,
    reads="vectors",
)
def curate_scores(
    rated: pa.Table,
    *,
    by: str,
    k: int = 10,
    rounds: int = 51,
    share: float = 0.9,
    seed: int = 0,
    memory: int | None = None,
) -> pa.Table:
    """Suggest another rating for every row whose nearest rows disagree with its own.

    In each round a share of the rows is drawn. The ``k`` nearest of a row, itself included, vote
    for their ratings with their cosines. Of each class, as many rows count as rated wrongly as the
    score-transition matrix says there are: those whose own rating has the smallest share of the
    votes. The matrix is estimated from the ratings of every row and its two nearest.

    Args:
        rated: rows with ``fingerprint``, one vector column of d numbers, and ratings.
        by: the column of ratings: at most 20 different numbers.
        k: rows that vote, 3 or more, the row itself included.
        rounds: draws, 1 or more.
        share: of the rows that a round draws, above 0, up to 1.
        seed: of the draws.
        memory: bytes that it may hold: ``4 d`` a row and 88 for each neighbour of it that is kept
            (about ``2 k`` where ``share`` is 0.9), and 88 MiB a thread.

    Returns:
        The input without its vectors, ordered by fingerprint, with ``suggested`` (float64: the
        rating that the nearest voted for most often; the row's own where they never disagreed),
        ``confidence`` (float64: the share of rounds in which the own rating counted as wrong, times
        the share of these in which this one was suggested, each smoothed as by the authors; 0 for
        rows that count as rated well) and ``rarity`` (float64: mean cosine distance to the ``k``
        nearest, itself included).

    Raises:
        OptionError: an argument is out of its range.
        QueryError: there is not exactly one vector column, vectors are NULL, of several lengths or
            not finite, a rating is missing, there are more than 20, or fewer than 4 rows.
        MemoryLimitError: it would not fit ``memory``.

    >>> vectors = [[1.0, x / 9] for x in range(8)]
    >>> rows = {"fingerprint": list("abcdefgh"), "v": vectors, "rating": [5] * 7 + [1]}
    >>> answer = curate_scores(pa.table(rows), by="rating", share=1.0)
    >>> answer["suggested"].to_pylist()[-1], round(answer["confidence"].to_pylist()[-1], 2)
    (5.0, 0.96)
    """
    _require_arguments(k=k, rounds=rounds, share=share)
    rows = canonical(rated)
    column = vector_column(rows, function="curate_scores")
    classes, codes = _classes(numbers_of(rows, by, function="curate_scores"), by)
    x = matrix(rows, column, function="curate_scores")
    near = _n_near(k, share, len(x))
    require_memory(
        4 * x.size + 88 * len(x) * near + n_threads() * (88 << 20),
        memory,
        purpose=f"curate_scores of {len(x):,} x {x.shape[1]}",
        instead="raise the limit, or take fewer rows",
    )
    require_finite(x, column, function="curate_scores")
    neighbourhood = _neighbourhood(x, near)
    rng = np.random.default_rng(seed)
    n_drawn = max(FEWEST - 1, int(share * len(x)))
    drawn = [rng.permutation(len(x))[:n_drawn] for _ in range(rounds)]
    votes = Votes(neighbourhood, codes, len(classes), k)
    suggested, confidence = votes.suggestions(drawn)
    return with_columns(
        rows,
        without=column,
        suggested=classes[suggested],
        confidence=confidence,
        rarity=neighbourhood.distances[:, : k - 1].sum(axis=1) / min(k, len(x)),
    )


def _require_arguments(*, k: int, rounds: int, share: float) -> None:
    if k < 3:
        raise OptionError(f"curate_scores: k => {k} must be 3 or more")
    if rounds < 1:
        raise OptionError(f"curate_scores: rounds => {rounds} must be 1 or more")
    if not 0 < share <= 1:
        raise OptionError(f"curate_scores: share => {share} must be above 0 and at most 1")


def _classes(ratings: Numbers, by: str) -> tuple[Numbers, Rows]:
    """Return the different ratings, (C,), and the place of each row's among them, (n,)."""
    if len(ratings) < FEWEST:
        raise QueryError(f"curate_scores: expected {FEWEST} or more rated rows, got {len(ratings)}")
    classes, codes = np.unique(ratings, return_inverse=True)
    if len(classes) > MOST_CLASSES:
        raise QueryError(
            f"curate_scores: {by} has {len(classes):,} different values, expected at most "
            f"{MOST_CLASSES}: round it to a small scale first"
        )
    return classes, codes


def _n_near(k: int, share: float, n: int) -> int:
    """Return how many neighbours of a row hold the ``k - 1`` nearest of nearly every draw.

    >>> _n_near(10, 1.0, 100), _n_near(10, 0.9, 100), _n_near(10, 0.9, 12)
    (9, 19, 11)
    """
    mean = (k - 1) / share
    return min(n - 1, math.ceil(mean + 8 * math.sqrt(mean * (1 - share) / share)))


@dataclass(frozen=True)
class Neighbourhood:
    """Nearest other rows of each row, the nearest first, and their cosine distances: (n, m)."""

    rows: Rows
    distances: Numbers


def _neighbourhood(x: Array, near: int) -> Neighbourhood:
    n = len(x)
    _, others, similarity = neighbours(x, x, near, np.arange(n))
    return Neighbourhood(others.reshape(n, near), 1 - similarity.reshape(n, near))


@dataclass(frozen=True)
class Votes:
    """Ratings of rows, and what their nearest rows say of them.

    Attributes:
        near: the nearest rows.
        codes: the class of each row, (n,).
        n_classes: C.
        k: rows that vote, the row itself included.
    """

    near: Neighbourhood
    codes: Rows
    n_classes: int
    k: int

    def suggestions(self, drawn: list[Rows]) -> tuple[Rows, Numbers]:
        """Return the suggested class of every row, and the confidence in it: (n,) each.

        Args:
            drawn: the rows of each round, as many in each.
        """
        n = len(self.codes)
        n_drawn, n_wrong = np.zeros(n), np.zeros(n)
        n_suggested = np.zeros((n, self.n_classes))
        wrong_share = self._wrong_share(drawn)
        for rows in drawn:
            kept = np.sort(rows)
            wrong, suggested = self._round(kept, wrong_share)
            n_drawn[kept] += 1
            n_wrong[wrong] += 1
            n_suggested[wrong, suggested] += 1
        is_wrong = (n_wrong + 1) / (n_drawn + 2)
        chances = (n_suggested + 1) / (n_wrong + self.n_classes)[:, None]
        chances[np.arange(n), self.codes] = -1
        best = chances.argmax(axis=1)
        confidence = np.where(is_wrong > 0.5, chances.max(axis=1) * is_wrong, 0.0)
        return np.where(confidence > 0, best, self.codes), np.maximum(confidence, 0.0)

    def _places(self, kept: Rows) -> Array:
        """Return the place of each neighbour among the drawn ones: (m, near), from 1; 0 if not."""
        is_drawn = np.zeros(len(self.codes), dtype=bool)
        is_drawn[kept] = True
        inside = is_drawn[self.near.rows[kept]]
        return np.where(inside, np.cumsum(inside, axis=1, dtype=np.int32), 0)

    @cached_property
    def _prior(self) -> Numbers:
        return np.bincount(self.codes, minlength=self.n_classes) / len(self.codes)

    def _wrong_share(self, drawn: list[Rows]) -> Numbers:
        """Return the share of each class's rows that are rated wrongly, 0.05 to 0.95: (C,)."""
        counted = [self._consensus(np.sort(rows)) for rows in drawn]
        observed = Consensus(*(np.mean(part, axis=0) for part in zip(*counted, strict=True)))
        prior, rated = transition(observed)
        right = np.diag(rated) * prior / self._prior
        share = 1 - np.minimum(right, 1.0)
        share[share >= 1] = 0.95
        share[share <= 0] = 0.05
        return share

    def _consensus(self, kept: Rows) -> Consensus:
        places, others = self._places(kept), self.codes[self.near.rows[kept]]
        pair = [(others * (places == place)).sum(axis=1) for place in (1, 2)]
        has_two = places.max(axis=1) >= 2
        triples = np.column_stack([self.codes[kept], *pair])[has_two]
        return consensus(triples, self.n_classes)

    def _round(self, kept: Rows, wrong_share: Numbers) -> tuple[Rows, Rows]:
        """Return the rows of a round that count as rated wrongly, and the class of most votes."""
        votes = self._shares(kept)
        own = self.codes[kept]
        surprise = -np.log(votes[np.arange(len(kept)), own] + _TINY)
        is_wrong = np.zeros(len(kept), dtype=bool)
        for number, share in enumerate(wrong_share):
            is_class = own == number
            if is_class.any():
                threshold = np.percentile(surprise[is_class], 100 * (1 - share))
                is_wrong |= is_class & (surprise >= threshold)
        return kept[is_wrong], votes[is_wrong].argmax(axis=1)

    def _shares(self, kept: Rows) -> Numbers:
        """Return the votes of each class about each row, of length one: (m, C).

        The row's own vote weighs as if it lay as far below its nearest as that lies below the next.
        """
        places, distances = self._places(kept), self.near.distances[kept]
        weights = np.where((places > 0) & (places < self.k), 1 - distances, 0.0)
        nearest, second = ((distances * (places == place)).sum(axis=1) for place in (1, 2))
        n, rows = len(kept), np.arange(len(kept))
        cells = rows[:, None] * self.n_classes + self.codes[self.near.rows[kept]]
        votes = np.bincount(cells.ravel(), weights.ravel(), minlength=n * self.n_classes)
        votes = votes.reshape(n, self.n_classes)
        votes[rows, self.codes[kept]] += 1 - (2 * nearest - second)
        votes = np.maximum(votes, 0)  # opposite vectors vote for nothing
        lengths = np.sqrt((votes**2).sum(axis=1, keepdims=True))
        shares: Numbers = votes / np.maximum(lengths, 1e-12)
        return shares
