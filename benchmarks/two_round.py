"""Time the greedy kernels in two rounds (GreeDi) against their own exact greedy: how much of its
value do they reach, how much faster?

Run: python benchmarks/two_round.py [--pairs N] [--json FILE]

``value_ratio`` is the value in two rounds over the exact greedy's; `catalog explain` and `catalog
functions` print it, from the kernel's ``notes``, so a row is met if these have the same number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from pairs import alternate, arguments, report, rows_chosen, table, topics

from catalog.kernels._decorator import kernel_of
from catalog.kernels.facility_location import facility_location
from catalog.kernels.log_det import log_det

N, D, BUDGET, PARTS = 10_000, 384, 500, 8
VALUES = {"log_det": "information", "facility_location": "mean_similarity"}


def compare(kernel: Callable[..., Any], *, pairs: int) -> dict[str, Any]:
    """Return the row of one kernel."""
    name = kernel.__name__
    choose = partial(kernel, table(topics(N, D, 200)), budget=BUDGET)
    ours, exact, figures = alternate(
        lambda _: choose(optimizer="two_round", parts=PARTS), lambda _: choose(), pairs=pairs
    )
    value = VALUES[name]
    ratio = ours[0][value][-1].as_py() / exact[0][value][-1].as_py()
    same = len({*rows_chosen(ours[0])} & {*rows_chosen(exact[0])})
    record = kernel_of(kernel)
    assert record
    return {
        "what": f"{name}, {BUDGET} of {N:,} x {D}, {PARTS} parts",
        "peer": "exact greedy",
        **figures,
        "value_ratio": ratio,
        "same_rows": same,
        "is_met": f" {ratio:.4f} " in record.notes["optimizer"]["two_round"],
    }


def main() -> int:
    """Compare both kernels."""
    options = arguments(__doc__ or "", pairs=1)
    rows = [compare(kernel, pairs=options.pairs) for kernel in (log_det, facility_location)]
    return report(rows, options.json)


if __name__ == "__main__":
    sys.exit(main())
