"""Exact neighbours against all distances, and places among them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from catalog.kernels._common.near_rows import NearRows, median_places
from catalog.kernels._common.parallel import row_blocks

Array = np.ndarray[Any, Any]


def rows(kind: str, n: int, d: int = 7) -> Array:
    generator = np.random.default_rng(n)
    x = generator.normal(size=(n, d)) + 3
    if kind == "integers":
        x = np.rint(x)
    elif kind == "duplicates":
        x = x[generator.integers(0, max(n // 6, 1), n)]
    elif kind == "equal":
        x = np.zeros_like(x)
    return x.astype(np.float32)


def brute(x: Array, y: Array, k: int, *, without_own: bool) -> Array:
    apart = ((y[:, None].astype(np.float64) - x[None]) ** 2).sum(axis=2)
    if without_own:
        np.fill_diagonal(apart, np.inf)
    return np.argsort(apart, axis=1, kind="stable")[:, :k]


@pytest.mark.parametrize("kind", ["random", "integers", "duplicates", "equal"])
@pytest.mark.parametrize(("n", "k"), [(2, 1), (11, 10), (700, 3), (700, 90)])
def test_neighbours_are_those_of_all_distances_and_ties_go_to_the_lowest_row(
    kind: str, n: int, k: int
) -> None:
    x = rows(kind, n)
    with row_blocks() as for_blocks:
        near, distances = NearRows(x).nearest(x, k, for_blocks, first_row=0)
    expected = brute(x, x, k, without_own=True)
    np.testing.assert_array_equal(near, expected)
    apart = ((x[:, None].astype(np.float64) - x[expected]) ** 2).sum(axis=2)
    np.testing.assert_allclose(distances, apart, rtol=1e-12)


def test_a_place_is_the_median_of_the_places_of_the_nearest() -> None:
    x, y = rows("random", 300), rows("random", 50)
    places = np.random.default_rng(0).normal(size=(300, 2))
    with row_blocks() as for_blocks:
        answer = median_places(x, places, y, k=10, for_blocks=for_blocks)
        few = median_places(x[:3], places[:3], y, k=10, for_blocks=for_blocks)
    expected = np.median(places[brute(x, y, 10, without_own=False)], axis=1)
    np.testing.assert_array_equal(answer, expected)
    np.testing.assert_array_equal(few, np.tile(np.median(places[:3], axis=0), (50, 1)))
