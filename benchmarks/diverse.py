"""Time ``diverse`` against DEITA's filter written as an efficient sequential numpy loop: same
members, how much faster?

Run: python benchmarks/diverse.py [--pairs N] [--json FILE]

Where the processor multiplies in bfloat16, ours screens in it, and the bars are higher.
"""

from __future__ import annotations

import sys

import numpy as np
from pairs import Array, alternate, arguments, report, rows_chosen, table

from catalog.kernels._common.screen import has_bfloat16
from catalog.kernels.diverse import diverse

BARS = (3.0, 4.5) if has_bfloat16() else (1.5, 2.0)


def topics(n: int, d: int, n_topics: int, spread: float) -> Array:
    """Return vectors (n, d) around topics; a smaller ``spread`` makes more pairs too similar."""
    generator = np.random.default_rng(0)
    centres = generator.normal(size=(n_topics, d))
    x = centres[generator.integers(0, n_topics, n)]
    return (x + spread * generator.normal(size=(n, d))).astype(np.float32)


def sequential(x: Array, scores: Array, *, budget: int, threshold: float) -> list[int]:
    """Compare each row with the accepted rows, which are contiguous in memory."""
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    accepted = np.empty((budget, x.shape[1]), dtype=np.float32)
    order: list[int] = []
    for row in np.argsort(-scores, kind="stable"):
        if len(order) == budget:
            break
        if not order or (accepted[: len(order)] @ units[row]).max() <= threshold:
            accepted[len(order)] = units[row]
            order.append(int(row))
    return order


def main() -> int:
    options = arguments(__doc__ or "")
    scores = np.random.default_rng(1).normal(size=50_000)
    results = []
    if has_bfloat16():
        import torch  # noqa: F401 -- outside the clock, as NumPy is
    for what, bar, x in (
        ("few rejected", BARS[0], topics(50_000, 384, 10_000, 0.5)),
        ("three in four rejected", BARS[1], topics(50_000, 384, 8_000, 0.2)),
    ):
        rows = table(x).append_column("score", [scores])
        ours, theirs, figures = alternate(
            lambda _, rows=rows: diverse(rows, budget=10_000, threshold=0.9),
            lambda _, x=x: sequential(x, scores, budget=10_000, threshold=0.9),
            pairs=options.pairs,
        )
        members = rows_chosen(ours[0])
        is_same = members == theirs[0]
        results.append(
            {
                "what": f"50,000 x 384, {what}, {len(members):,} accepted",
                "peer": "sequential numpy",
                **figures,
                "bar": bar,
                "same_members": is_same,
                "is_met": is_same and figures["ratio"] >= bar,
            }
        )
    return report(results, options.json)


if __name__ == "__main__":
    sys.exit(main())
