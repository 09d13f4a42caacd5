"""The greedy loop, on weighted coverage, whose gains are whole numbers and tie often."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.kernels._common.arrays import Array, Numbers, Rows
from catalog.kernels._common.lazy_greedy import TAKEN, grid, maximise, priorities, top
from tests.quick import examples


class Coverage:
    """How much of a set of things is covered."""

    def __init__(self, covers: Array) -> None:
        self.covers = covers
        self.is_covered = np.zeros(covers.shape[1], dtype=bool)
        self.front: Rows = np.empty(0, dtype=np.int64)

    def load(self, rows: Rows) -> None:
        self.front = rows

    def accept(self, position: int) -> Numbers:
        self.is_covered |= self.covers[self.front[position]]
        return self.refresh(self.front)

    def refresh(self, rows: Rows) -> Numbers:
        return (self.covers[rows] & ~self.is_covered).sum(axis=1).astype(np.float64)


@settings(max_examples=examples(100))
@given(
    seed=st.integers(0, 10**6),
    n=st.integers(1, 50),
    n_front=st.integers(1, 60),
    budget=st.integers(1, 50),
)
def test_the_loop_equals_looking_at_every_row(seed: int, n: int, n_front: int, budget: int) -> None:
    covers = np.random.default_rng(seed).random((n, 20)) < 0.2
    budget = min(budget, n)
    objective = Coverage(covers)
    order, gains = maximise(
        objective, objective.refresh(np.arange(n)), budget=budget, n_front=min(n_front, n)
    )
    is_covered = np.zeros(20, dtype=bool)
    expected: list[int] = []
    for turn in range(budget):
        each = (covers & ~is_covered).sum(axis=1)
        each[expected] = -1
        expected.append(int(each.argmax()))
        assert gains[turn] == each[expected[-1]]
        is_covered |= covers[expected[-1]]
    assert order.tolist() == expected


def test_a_gain_just_below_a_power_of_two_is_not_taken_for_a_row_that_is_gone() -> None:
    for largest in (np.nextafter(1.0, 0.0), 1 - 2.0**-39, 2.0**-20 * (1 - 2.0**-33), 1.5, 2.0):
        keys = priorities(
            np.array([largest, largest / 2, 0.0]), np.array([0, 7, 2**31 - 2]), grid(float(largest))
        )
        assert keys[0] > keys[1] > keys[2] > TAKEN


def test_priorities_ignore_noise_and_prefer_lower_rows() -> None:
    keys = priorities(np.array([1.0, 1.0 + 1e-14, 0.5, -1e-18]), np.arange(4), grid(1.0))
    assert np.argsort(-keys).tolist() == [0, 1, 2, 3]
    assert sorted(top(keys, 2).tolist()) == [0, 1]
    assert top(keys, 9).tolist() == [0, 1, 2, 3]
