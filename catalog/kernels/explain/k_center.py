"""Measure the distance of a row that ``k_center`` did not select to the selected ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Rows
from catalog.kernels._common.relation import matrix
from catalog.kernels.explain import Counterfactual, column_of_vectors
from catalog.kernels.k_center import Points, rows_given


def counterfactual(
    rows: pa.Table,
    *,
    selected: Rows,
    position: int,
    metric: str = "euclidean",
    given: str | None = None,
    **_others: Any,
) -> Counterfactual:
    """Return the row's distance to the nearest selected row, and that of the last selected row.

    Args:
        rows: what the kernel selected from.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
        metric: ``euclidean`` or ``cosine``.
        given: the column that says which rows counted as chosen.
    """
    selected = np.concatenate([rows_given(rows, given), selected])
    few = rows.take(pa.array([*selected.tolist(), position]))
    x = Points(
        matrix(few, column_of_vectors(few), function="k_center"), is_unit=metric == "cosine"
    )[:]  # (budget + 1, d)
    distances = np.sqrt(np.square(x[:-1] - x[-1]).sum(axis=1))
    nearest = int(distances.argmin())
    numbers: dict[str, Any] = {"distance": float(distances[nearest]), "last_distance": None}
    others = {"nearest": int(selected[nearest]), "last": int(selected[-1])}
    sentence = f"the nearest selected row is {{nearest}}, at a distance of {distances[nearest]:.4g}"
    if len(selected) > 1:
        numbers["last_distance"] = float(np.sqrt(np.square(x[:-2] - x[-2]).sum(axis=1)).min())
        sentence += (
            f"; the last selected row, {{last}}, was {numbers['last_distance']:.4g} from the others"
        )
    return Counterfactual(numbers, others, (sentence,))
