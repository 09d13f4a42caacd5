"""Measure the gain of a row that ``facility_location`` did not select."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Rows
from catalog.kernels._common.parallel import row_blocks
from catalog.kernels._common.relation import matrix
from catalog.kernels._common.similarity import exact_unit_rows
from catalog.kernels.explain import Counterfactual, column_of_vectors
from catalog.kernels.facility_location import quality_bonus

BLOCK = 1_024  # rows of one product of similarities


def counterfactual(
    rows: pa.Table,
    *,
    selected: Rows,
    position: int,
    score: str | None = None,
    alpha: float = 0.0,
    **_others: Any,
) -> Counterfactual:
    """Return the row's gain at the last pick and after it, and the most similar selected row.

    One product of all rows with the selected ones: O(n budget d).

    Args:
        rows: what the kernel selected from.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
        score: the column of quality.
        alpha: weight of the quality; gains then have the quality's part.
    """
    x = matrix(rows, column_of_vectors(rows), function="facility_location")
    units = exact_unit_rows(x)  # (n, d)
    wanted = units[[*selected, position]]  # (budget + 1, d)

    def share(start: int, stop: int) -> Any:
        near = np.maximum(units[start:stop] @ wanted.T, 0.0)  # (n_block, budget + 1)
        before = near[:, :-2].max(axis=1, initial=0.0)
        after = np.maximum(before, near[:, -2])
        own = near[:, -1]
        return [
            np.maximum(own - before, 0).sum(),
            np.maximum(own - after, 0).sum(),
            (after - before).sum(),
        ]

    with row_blocks() as for_blocks:
        at_last_pick, at_end, last_gain = (
            float(total) for total in np.sum(for_blocks(share, len(units), BLOCK), axis=0)
        )
    bonus = quality_bonus(rows, score, alpha)
    at_last_pick, at_end = at_last_pick + bonus[position], at_end + bonus[position]
    last_gain += bonus[selected[-1]]
    similarities = wanted[:-1] @ wanted[-1]
    nearest = int(similarities.argmax())
    numbers = {
        "gain_at_last_pick": at_last_pick,
        "gain_at_end": at_end,
        "last_gain": last_gain,
        "similarity": float(similarities[nearest]),
    }
    others = {"nearest": int(selected[nearest]), "last": int(selected[-1])}
    sentences = (
        f"{{nearest}} represents it, with a similarity of {similarities[nearest]:.4g}",
        f"at the last pick it would have added {at_last_pick:.4g}; {{last}} added {last_gain:.4g}",
    )
    return Counterfactual(numbers, others, sentences)
