"""tsds: against the heap of its paper, which is followed step by step."""

from __future__ import annotations

import heapq

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import MemoryLimitError, OptionError, QueryError
from catalog.kernels.tsds import tsds
from tests.kernels.test_round_robin import relation
from tests.quick import few_of


def by_hand(
    rows: pa.Table, targets: pa.Table, *, sigma: float, alpha: float, scale: float, k: int
) -> np.ndarray:
    """Return the probabilities of rows by fingerprint: a heap of steps, one target at a time."""
    rows, targets = rows.sort_by("fingerprint"), targets.sort_by("fingerprint")
    x, y = (np.array(side["v"].to_pylist(), dtype=np.float64) for side in (rows, targets))
    x, y = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (x, y))
    near = np.round(y @ x.T, 12)
    order = np.argsort(-near, axis=1, kind="stable")[:, :k]
    distance = np.sqrt(np.maximum(2 - 2 * np.take_along_axis(near, order, axis=1), 0))
    m, density = len(y), np.ones(len(x))
    if sigma:
        among = np.unique(order)
        squares = 2 - 2 * np.round(x[among] @ x[among].T, 12)
        density[among] = np.maximum(1 - squares / sigma**2, 0).sum(axis=1)
    heap = [(1 / density[order[j, 0]], 0, j) for j in range(m)]
    heapq.heapify(heap)
    last, cost, s = [-1] * m, [0.0] * m, 0.0
    while heap:
        s, step, j = heapq.heappop(heap)
        placed = sum(distance[j, i] / density[order[j, i]] for i in range(step + 1))
        cost[j] = distance[j, step + 1] * s - placed
        if alpha / scale * sum(cost) >= (1 - alpha) * m:
            break
        last[j] = step
        if step + 2 < k:
            heapq.heappush(heap, (s + 1 / density[order[j, step + 1]], step + 1, j))
    answer = np.zeros(len(x))
    for j in range(m):
        left = 1 / m
        for i in range(last[j] + 1):
            answer[order[j, i]] += 1 / (m * s * density[order[j, i]])
            left -= 1 / (m * s * density[order[j, i]])
        answer[order[j, last[j] + 1]] += left
    return answer / answer.sum()


@pytest.mark.parametrize("sigma", few_of([0.0, 0.4, 0.75], 0.0, 0.4))
@pytest.mark.parametrize("alpha", few_of([0.3, 0.5, 0.8, 0.95], 0.3, 0.8))
def test_probabilities_equal_those_of_the_heap(sigma: float, alpha: float) -> None:
    draw = np.random.default_rng(round(100 * (sigma + alpha)))
    x = draw.normal(size=(150, 5))
    x[:40] = x[50] + 0.05 * draw.normal(size=(40, 5))  # near-duplicates
    y = x[draw.permutation(150)[:12]] + 0.3 * draw.normal(size=(12, 5))
    rows, targets = relation(x, "p", draw), relation(y, "t", draw)
    for neighbors in (2, 9, 5_000):
        answer = tsds(rows, targets, sigma=sigma, alpha=alpha, scale=1.0, neighbors=neighbors)
        k = min(neighbors, 15)
        expected = by_hand(rows, targets, sigma=sigma, alpha=alpha, scale=1.0, k=k)
        np.testing.assert_allclose(answer["probability"], expected, atol=1e-9)


def test_near_duplicates_share_the_probability_of_one_row() -> None:
    draw = np.random.default_rng(4)
    x = np.concatenate([np.tile([[1.0, 0.1, 0.0]], (20, 1)), [[1.0, -0.1, 0.0]], np.eye(3)])
    rows, targets = relation(x, "p", draw), relation(np.array([[1.0, 0.0, 0.0]]), "t", draw)
    answer = tsds(rows, targets, sigma=0.1, alpha=0.1, neighbors=30)
    assert answer.num_rows == 24
    chances = dict(
        zip(answer["fingerprint"].to_pylist(), answer["probability"].to_pylist(), strict=True)
    )
    copies = [chances[name] for name in rows["fingerprint"].to_pylist()[:20]]
    assert sum(chances.values()) == pytest.approx(1)
    assert max(copies) < 0.3


def test_few_rows_get_all_probability() -> None:
    draw = np.random.default_rng(0)
    for n in (1, 2, 3):
        rows = relation(draw.normal(size=(n, 3)), "p", draw)
        assert sum(tsds(rows, rows)["probability"].to_pylist()) == pytest.approx(1)
    assert tsds(rows.slice(0, 0), rows).num_rows == 0


def test_what_is_out_of_range_is_refused() -> None:
    draw = np.random.default_rng(0)
    rows = relation(draw.normal(size=(9, 3)), "p", draw)
    for options in ({"sigma": 1.5}, {"alpha": 1.0}, {"scale": 0.0}, {"neighbors": 1}):
        with pytest.raises(OptionError):
            tsds(rows, rows, **options)
    with pytest.raises(QueryError, match="no target"):
        tsds(rows, rows.slice(0, 0))
    with pytest.raises(MemoryLimitError):
        tsds(rows, rows, memory=1)
