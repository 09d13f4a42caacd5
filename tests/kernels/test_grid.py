"""The grid of the landscape."""

import numpy as np
import pyarrow as pa
import pytest

from catalog.errors import OptionError, QueryError
from catalog.kernels.grid import grid


def points(n: int, *, seed: int) -> pa.Table:
    draw = np.random.default_rng(seed)
    x, y = draw.normal(size=n), draw.normal(size=n) * 3 + 7
    return pa.table({"fingerprint": [f"{i:06d}" for i in range(n)], "x": x, "y": y})


@pytest.mark.parametrize("side", [1, 2, 7, 100])
def test_a_cell_is_where_histogram2d_puts_the_point(side: int) -> None:
    rows = points(500, seed=side)
    x, y = rows["x"].to_numpy(), rows["y"].to_numpy()
    counts, _, _ = np.histogram2d(x, y, bins=side)
    cells = grid(rows, side=side)["cell"].to_numpy()
    assert np.array_equal(np.bincount(cells, minlength=side * side), counts.reshape(-1).astype(int))


@pytest.mark.parametrize("budget", [1, 2, 9, 50, 400, 19_999])
def test_the_side_is_the_largest_that_leaves_two_members_a_cell(budget: int) -> None:
    rows = points(1_000, seed=budget)
    side = grid(rows, budget=budget)["side"][0].as_py()
    filled = {g: len(set(grid(rows, side=g)["cell"].to_pylist())) for g in range(1, 101)}
    assert side == max([g for g in filled if filled[g] <= budget // 2], default=1)


def test_a_large_budget_takes_the_papers_hundred() -> None:
    assert grid(points(50, seed=0), budget=20_000)["side"][0].as_py() == 100


def test_points_on_one_spot_share_one_cell() -> None:
    rows = pa.table({"fingerprint": ["a", "b"], "x": [1.0, 1.0], "y": [2.0, 2.0]})
    assert grid(rows, side=10)["cell"].to_pylist() == [0, 0]


def test_the_order_of_the_rows_does_not_matter() -> None:
    rows = points(100, seed=3)
    shuffled = rows.take(np.random.default_rng(0).permutation(100))
    assert grid(shuffled, budget=20).equals(grid(rows, budget=20))


def test_what_cannot_be_placed_is_refused() -> None:
    with pytest.raises(QueryError, match="1 rows have no finite x"):
        grid(pa.table({"x": [float("nan")], "y": [0.0]}), side=2)
    with pytest.raises(QueryError, match="x is of the type string; it must be a number"):
        grid(pa.table({"x": ["a"], "y": [1.0]}), side=2)
    with pytest.raises(QueryError, match="no column y"):
        grid(pa.table({"x": [0.0]}), side=2)
    with pytest.raises(OptionError, match="side 0"):
        grid(points(3, seed=0), side=0)
    with pytest.raises(OptionError, match="budget"):
        grid(points(3, seed=0))
