"""Lloyd's iterations and where they start: the arithmetic of ``kmeans``, over plain matrices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.spread import Spread

SUMMED = 16_384  # rows that are summed in float32
GREEDY_CANDIDATES = 3  # k-means++ draws that many rows a centre and keeps the best


def block_rows(n: int, d: int) -> int:
    """Return the number of rows of a block: about 4 MiB, and some for every thread."""
    return int(np.clip(min(2**20 // (d + 1), n // 4), 256, 2 * SUMMED))


class Lloyd:
    """Matrix of n rows of d numbers, and the assignment of its rows to centres.

    Rows are moved to their mean first, so that a common offset costs no digits. Assignment is in
    float32, sums are float32 over 16,384 rows at most and float64 over those, distances are
    float64. Everything is done in blocks of a size that the shapes alone decide.
    """

    def __init__(
        self, x: Array, k: int, for_blocks: ForBlocks[Any], *, origin: Array | None = None
    ) -> None:
        n, d = x.shape
        self.x = x  # (n, d) float32
        self.k = k
        self.for_blocks = for_blocks
        self.rows = block_rows(n, d)
        self.strip = int(
            np.clip(2**17 // k, 32, 4_096)
        )  # its scores, about 0.5 MiB, stay in the second cache
        self.labels = np.full(n, -1, dtype=np.int32)
        self.origin = self._mean() if origin is None else origin
        self._spread = Spread(
            x, size=self.rows, for_blocks=for_blocks, cost=k * (d + 1), name="kmeans"
        )

    def _mean(self) -> Array:
        sums = self.for_blocks(
            lambda a, b: self.x[a:b].sum(axis=0, dtype=np.float64), len(self.x), self.rows
        )
        mean: Array = np.sum(sums, axis=0) / len(self.x)  # (d,)
        return mean.astype(np.float32)

    def centred(self, a: int, b: int) -> Array:
        """Return rows a to b about the mean, and a column of ones: (b - a, d + 1) float32."""
        return _centred(self.x[a:b], self.origin)

    def assign(self, centres: Array) -> tuple[int, Array]:
        """Label every row with its nearest centre, the lowest number on a tie.

        Args:
            centres: (k, d) float64, about the mean.

        Returns:
            How many labels changed, and (k, d + 1) float64: the sum of every cluster's rows and,
            last, their number.
        """
        d = self.x.shape[1]
        weights = np.empty(
            (d + 1, self.k), dtype=np.float32
        )  # |x - c|^2 is least where x.c - |c|^2 / 2 is greatest
        weights[:d] = centres.T
        weights[d] = -0.5 * np.square(centres).sum(axis=1)
        totals = np.zeros((self.k, d + 1), dtype=np.float64)
        changed = start = 0
        for answers in self._spread.stream(_Assignment(self.origin, weights, self.strip)):
            for labels, sums in answers:
                before = self.labels[start : start + len(labels)]
                changed += int(np.count_nonzero(labels != before))
                before[:] = labels
                totals += sums.sum(axis=0, dtype=np.float64)
                start += len(labels)
        return changed, totals

    def distances(self, centres: Array) -> Array:
        """Return the Euclidean distance of every row to the centre of its label: (n,) float64."""

        def block(a: int, b: int) -> Array:
            apart = self.x[a:b].astype(np.float64) - self.origin
            apart -= centres[self.labels[a:b]]
            squares: Array = np.einsum("ij,ij->i", apart, apart)
            return np.sqrt(squares)

        return np.concatenate(self.for_blocks(block, len(self.x), self.rows))

    def farthest(self, centres: Array, count: int) -> Array:
        """Return up to ``count`` different rows that are farthest from their own centres.

        They are about the mean: (count, d) float64.

            Rows that sit on their centre, up to float32's error, are none of them.
        """
        distances = self.distances(centres)
        scale = float(np.abs(centres).max(initial=0)) + float(distances.max(initial=0))
        order = np.argsort(-distances, kind="stable")[: max(16 * count, 1_024)]
        order = order[distances[order] > 1e-6 * scale]
        _, first = np.unique(self.x[order], axis=0, return_index=True)
        return self.x[order[np.sort(first)[:count]]].astype(np.float64) - self.origin

    def fit(self, centres: Array, iterations: int) -> tuple[Array, Array]:
        """Iterate from ``centres``; leave in ``labels`` the nearest of the centres that come out.

        Returns:
            The centres, (k, d) float64 about the mean, and the number of rows of each, (k,).
        """
        changed, totals = self.assign(centres)
        for _ in range(iterations):
            centres = self._means(centres, totals)
            changed, totals = self.assign(centres)
            if not changed:
                break
        for _ in range(self.k):  # a centre that lost its rows in the last step
            if totals[:, -1].all() or len(self.x) < self.k:
                break
            before = centres
            centres = self._reseeded(centres, totals[:, -1])
            if centres is before:
                break
            _, totals = self.assign(centres)
        return centres, totals[:, -1]

    def _means(self, centres: Array, totals: Array) -> Array:
        counts = totals[:, -1]
        means = np.where(
            counts[:, None] > 0, totals[:, :-1] / np.maximum(counts, 1)[:, None], centres
        )
        if counts.all():
            return means
        return self._reseeded(means, counts)

    def _reseeded(self, centres: Array, counts: Array) -> Array:
        empty = np.flatnonzero(counts == 0)
        seeds = self.farthest(centres, len(empty))
        if not len(seeds):
            return centres
        moved = centres.copy()
        moved[empty[: len(seeds)]] = seeds
        return moved


@dataclass(frozen=True)
class _Assignment:
    """Labels of a block's rows, and the sums of every cluster's rows in it.

    Attributes:
        origin: the mean, (d,) float32.
        weights: a column for each centre, (d + 1, k) float32.
        strip: rows whose scores are made at once.
    """

    origin: Array
    weights: Array
    strip: int

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """Return the labels, (m,) int32, and the sums, (pieces, k, d + 1) float32."""
        from scipy.sparse import csc_array

        rows, m, k = _centred(x, self.origin), len(x), self.weights.shape[1]
        labels = np.empty(m, dtype=np.int64)
        scores = np.empty((self.strip, k), dtype=np.float32)
        for i in range(0, m, self.strip):
            j = min(i + self.strip, m)
            np.matmul(rows[i:j], self.weights, out=scores[: j - i])  # (strip, d + 1) (d + 1, k)
            scores[: j - i].argmax(axis=1, out=labels[i:j])
        members = labels.astype(np.int32)
        each = np.arange(m + 1, dtype=np.int32)
        pieces = -(-m // SUMMED)
        places = members + k * (each[:-1] // SUMMED)
        one_hot = csc_array((np.ones(m, dtype=np.float32), places, each), shape=(pieces * k, m))
        return members, (one_hot @ rows).reshape(pieces, k, -1)


def _centred(x: Array, origin: Array) -> Array:
    """Return rows about the mean, and a column of ones: (m, d + 1) float32."""
    block = np.empty((len(x), x.shape[1] + 1), dtype=np.float32)
    np.subtract(x, origin, out=block[:, :-1])
    block[:, -1] = 1
    return block


def spread_start(
    x: Array, k: int, rng: np.random.Generator, candidates: int = GREEDY_CANDIDATES
) -> Array:
    """Draw centres by greedy k-means++.

    Each is a row drawn in proportion to its squared distance from those before.

    Args:
        x: (m, d) float32, m >= k, moved to its mean.
        k: centres.
        rng: of the draws.
        candidates: draws a centre, of which the one that leaves the least total distance stays.

    Returns:
        (k, d) float32.
    """
    squares = np.einsum("ij,ij->i", x, x)  # (m,)
    chosen = np.empty(k, dtype=np.int64)
    chosen[0] = rng.integers(len(x))
    nearest = np.maximum(squares + squares[chosen[0]] - 2 * (x @ x[chosen[0]]), 0)
    for i in range(1, k):
        cumulative = np.cumsum(nearest, dtype=np.float64)
        if (
            cumulative[-1] <= 0
        ):  # fewer than k distinct rows; any will do, empty clusters are dealt with later
            chosen[i:] = chosen[0]
            break
        draws = np.searchsorted(
            cumulative, rng.random(candidates) * cumulative[-1], side="right"
        ).clip(max=len(x) - 1)
        apart = np.maximum(
            squares[draws, None] + squares - 2 * (x[draws] @ x.T), 0
        )  # (candidates, m)
        np.minimum(apart, nearest, out=apart)
        best = int(apart.sum(axis=1, dtype=np.float64).argmin())
        chosen[i], nearest = draws[best], apart[best]
    return x[chosen]
