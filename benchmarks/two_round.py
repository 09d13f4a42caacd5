"""Time the greedy kernels in two rounds (GreeDi) against their own exact greedy: how much of its
value do they reach, how much faster?

Run: python benchmarks/two_round.py [--alpaca N] [--pairs N] [--json FILE]

``value_ratio`` is the value in two rounds over the exact greedy's; `catalog explain` and `catalog
functions` print it, from the kernel's ``notes``, so a row is met if these have the same number.
``--alpaca`` takes 1 in 20 of the first N records of Alpaca, by MiniLM, instead; the notes have it
for 5,000.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
from pairs import Array, alpaca, alternate, arguments, report, rows_chosen, table, topics

from catalog.kernels._decorator import kernel_of
from catalog.kernels.facility_location import facility_location
from catalog.kernels.log_det import log_det

N, D, PARTS = 10_000, 384, 8
VALUES = {"log_det": "information", "facility_location": "mean_similarity"}


def compare(kernel: Callable[..., Any], rows: pa.Table, *, pairs: int) -> dict[str, Any]:
    """Return the row of one kernel, which chooses 1 in 20."""
    name, budget = kernel.__name__, len(rows) // 20
    choose = partial(kernel, rows, budget=budget)
    ours, exact, figures = alternate(
        lambda _: choose(optimizer="two_round", parts=PARTS), lambda _: choose(), pairs=pairs
    )
    value = VALUES[name]
    ratio = ours[0][value][-1].as_py() / exact[0][value][-1].as_py()
    same = len({*rows_chosen(ours[0])} & {*rows_chosen(exact[0])})
    record = kernel_of(kernel)
    assert record
    return {
        "what": f"{name}, {budget:,} of {len(rows):,} x {D}, {PARTS} parts",
        "peer": "exact greedy",
        **figures,
        "value_ratio": ratio,
        "same_rows": same,
        "is_met": f"{ratio:.4f} " in record.notes["optimizer"]["two_round"],
    }


def main() -> int:
    """Compare both kernels."""
    options = arguments(__doc__ or "", pairs=5, alpaca={"type": int})
    vectors = embedded(options.alpaca) if options.alpaca else topics(N, D, 200)
    rows = table(vectors)
    kernels = (log_det, facility_location)
    return report([compare(kernel, rows, pairs=options.pairs) for kernel in kernels], options.json)


def embedded(n: int) -> Array:
    """Return the embeddings of the first records of Alpaca, (n, 384) float32."""
    from catalog.models.encoder import load_encoder

    names = ("instruction", "input", "output")
    texts = ["\n".join(r[name] for name in names if r[name]) for r in alpaca()[:n]]
    return np.asarray(load_encoder().encode(texts).vectors, dtype=np.float32)


if __name__ == "__main__":
    sys.exit(main())
