"""t-SNE with exact neighbours and sums that do not depend on the number of threads.

van der Maaten & Hinton, "Visualizing data using t-SNE" (JMLR 2008), with the schedule of openTSNE
(Poličar et al., JSS 2024): early exaggeration, then as many steps as it takes by default.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Array, Numbers
from catalog.kernels._common.near_rows import NearRows
from catalog.kernels._common.parallel import ForBlocks
from catalog.kernels._common.particle_mesh import ParticleMesh

_PHASES = ((12.0, 250), (1.0, 500))  # exaggeration and steps
_MOMENTUM = 0.8
_LONGEST_STEP = 5.0
_N_ROWS = 4_096  # of a block of affinities
_N_EDGES = 65_536  # of a block of attraction
_N_BISECTIONS = 60


def tsne(x: Array, first: Numbers, *, perplexity: float, for_blocks: ForBlocks[Any]) -> Numbers:
    """Return places (n, 2) that keep near rows near.

    Args:
        x: rows, (n, d), at least 2.
        first: the places to start from, (n, 2).
        perplexity: about how many neighbours count, at most (n - 1) / 3.
        for_blocks: see ``row_blocks``.
    """
    attraction = Attraction(affinities(x, perplexity, for_blocks), for_blocks)
    mesh = ParticleMesh(for_blocks)
    places = first.astype(np.float64)
    step, gains = np.zeros_like(places), np.ones_like(places)
    for exaggeration, n_steps in _PHASES:
        rate = len(x) / exaggeration
        for _ in range(n_steps):
            forces, total = mesh.repulsion(places)
            gradient = exaggeration * attraction(places) - forces / total
            is_turning = np.sign(step) != np.sign(gradient)
            gains = np.where(is_turning, gains + 0.2, gains * 0.8 + 0.01)
            step = _MOMENTUM * step - rate * gains * gradient
            lengths = np.sqrt((step**2).sum(axis=1, keepdims=True))
            step *= np.minimum(1.0, _LONGEST_STEP / np.maximum(lengths, 1e-300))
            places += step
            places -= places.mean(axis=0)
    return places


def affinities(x: Array, perplexity: float, for_blocks: ForBlocks[Any]) -> Any:
    """Return how near rows are, a symmetric sparse array (n, n) that sums to 1.

    Every row weighs its 3 ``perplexity`` nearest by a Gaussian whose width gives the perplexity.
    """
    from scipy.sparse import csr_array

    n = len(x)
    k = min(n - 1, int(3 * perplexity))
    near, distances = NearRows(x).nearest(x, k, for_blocks, first_row=0)
    weights = np.empty((n, k))

    def weigh(start: int, stop: int) -> None:
        weights[start:stop] = gaussian_weights(distances[start:stop], perplexity)

    for_blocks(weigh, n, _N_ROWS)
    starts = np.arange(0, n * k + 1, k)
    one_way = csr_array((weights.ravel(), near.ravel(), starts), shape=(n, n))
    both = (one_way + one_way.T).tocsr()
    both.sort_indices()
    both.data /= both.data.sum()
    return both


def gaussian_weights(distances: Numbers, perplexity: float) -> Numbers:
    """Return the weights of neighbours, (n, k), each row with sum 1 and the perplexity wanted.

    Args:
        distances: squared distances, least first, (n, k).
        perplexity: exp of the entropy of each row's weights; it bisects for their precision.
    """
    beyond = distances - distances[:, :1]
    mean = beyond.mean(axis=1)
    precision = 1 / np.where(mean > 0, np.maximum(mean, 1e-100), 1.0)
    low, high = np.zeros(len(beyond)), np.full(len(beyond), np.inf)
    for _ in range(_N_BISECTIONS):
        weights = np.exp(-beyond * precision[:, None])
        total = weights.sum(axis=1)
        entropy = np.log(total) + precision * (beyond * weights).sum(axis=1) / total
        excess = entropy - np.log(perplexity)
        if np.abs(excess).max() < 1e-6:
            break
        low = np.where(excess > 0, precision, low)
        high = np.where(excess > 0, high, precision)
        precision = (low + np.where(np.isinf(high), 3 * low, high)) / 2
    answer: Numbers = weights / total[:, None]
    return answer


class Attraction:
    """The pull of near rows on each other.

    Args:
        near: affinities, a sparse array (n, n) with an entry in every row.
        for_blocks: see ``row_blocks``.
    """

    def __init__(self, near: Any, for_blocks: ForBlocks[Any]) -> None:
        self._weights = near.data.astype(np.float32)
        self._starts = near.indptr.astype(np.int64)
        self._other = near.indices.astype(np.int64)
        self._for_blocks = for_blocks
        edges = np.arange(0, self._starts[-1], _N_EDGES)
        bounds = np.searchsorted(self._starts, edges)
        self._bounds = np.unique(np.append(bounds, len(self._starts) - 1))

    def __call__(self, places: Numbers) -> Numbers:
        """Return the sums over j of p_ij k (y_i - y_j), (n, 2), k = 1 / (1 + |y_i - y_j|^2)."""
        x, y = (np.ascontiguousarray(places[:, axis], dtype=np.float32) for axis in (0, 1))
        answer = np.empty(places.shape)

        def pull(block: int, _stop: int) -> None:
            rows = slice(self._bounds[block], self._bounds[block + 1])
            starts = self._starts[rows.start : rows.stop + 1]
            edges = slice(starts[0], starts[-1])
            n_edges, other = np.diff(starts), self._other[edges]
            dx = np.repeat(x[rows], n_edges)
            dx -= x.take(other, mode="clip")
            dy = np.repeat(y[rows], n_edges)
            dy -= y.take(other, mode="clip")
            strength = dx * dx
            strength += dy * dy
            strength += 1
            np.divide(self._weights[edges], strength, out=strength)
            dx *= strength
            dy *= strength
            answer[rows, 0] = np.add.reduceat(dx, starts[:-1] - starts[0])
            answer[rows, 1] = np.add.reduceat(dy, starts[:-1] - starts[0])

        self._for_blocks(pull, len(self._bounds) - 1, 1)
        return answer
