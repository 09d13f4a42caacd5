"""Time ``k_center`` against farthest-first in numpy: same order, how much faster?

Run: python benchmarks/k_center.py [--pairs N] [--json FILE]

The peer takes every distance anew for every pick, in float32, which is the fastest it can be. Its
order may differ where two distances are equal to float32, so the order is compared with the same
loop in float64, once, outside the clock.
"""

from __future__ import annotations

import sys

import numpy as np
from pairs import Array, alternate, arguments, report, rows_chosen, table, topics

from catalog.kernels.k_center import k_center


def farthest_first(x: Array, *, first: int, budget: int) -> list[int]:
    squares = (x * x).sum(axis=1)
    nearest = np.full(len(x), np.inf, dtype=x.dtype)
    order = [first]
    while len(order) < budget:
        row = order[-1]
        np.minimum(nearest, squares + squares[row] - 2 * (x @ x[row]), out=nearest)
        nearest[row] = -np.inf
        order.append(int(nearest.argmax()))
    return order


def main() -> int:
    options = arguments(__doc__ or "")
    results = []
    normal = np.random.default_rng(0).normal(size=(50_000, 384)).astype(np.float32)
    for what, x in (
        ("normal 50,000 x 384", normal),
        ("topics 50,000 x 384", topics(50_000, 384, 1000)),
    ):
        rows = table(x)
        (first,) = rows_chosen(k_center(rows, budget=1))
        ours, theirs, figures = alternate(
            lambda _, rows=rows: k_center(rows, budget=5000),
            lambda _, x=x, first=first: farthest_first(x, first=first, budget=5000),
            pairs=options.pairs,
        )
        order = rows_chosen(ours[0])
        is_exact = order == farthest_first(x.astype(np.float64), first=first, budget=5000)
        results.append(
            {
                "what": f"{what}, budget 5,000",
                "peer": "numpy farthest-first",
                **figures,
                "bar": 1.5,
                "same_order_float64": is_exact,
                "same_order_float32": order == theirs[0],
                "is_met": is_exact and figures["ratio"] >= 1.5,
            }
        )
    return report(results, options.json)


if __name__ == "__main__":
    sys.exit(main())
