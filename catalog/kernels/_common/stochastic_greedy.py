"""Greedy that looks at a few random rows a pick.

Mirzasoleiman, Badanidiyuru, Karbasi, Vondrak and Krause, "Lazier than lazy greedy" (AAAI 2015).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from catalog.kernels._common.arrays import Numbers, Rows


class Sample:
    """Rows that stochastic greedy looks at, a fresh few at every pick."""

    def __init__(self, size: int, generator: np.random.Generator) -> None:
        self._size = size
        self._generator = generator

    def draw(self, remaining: Rows) -> Rows:
        """Return some of the rows that are left, ascending."""
        return np.sort(
            self._generator.choice(remaining, size=min(self._size, len(remaining)), replace=False)
        )


def stochastic(objective: Any, *, n: int, budget: int, sample: Sample) -> tuple[Rows, Numbers]:
    """Choose greedily from a few random rows a pick.

    The objective answers ``refresh(rows)`` and ``choose(row)``.
    """
    order, won = np.empty(budget, dtype=np.int64), np.empty(budget)
    is_left = np.ones(n, dtype=bool)
    for turn in range(budget):
        rows = sample.draw(np.flatnonzero(is_left))
        gains = objective.refresh(rows)
        best = int(gains.argmax())
        order[turn], won[turn] = rows[best], gains[best]
        is_left[order[turn]] = False
        objective.choose(int(order[turn]))
    return order, won
