"""How near a row left out by ``k_center`` is to those taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.relation import matrix
from catalog.kernels.explain import Rows, Standing, column_of_vectors
from catalog.kernels.k_center import Points


def standing(
    rows: pa.Table, *, chosen: Rows, at: int, metric: str = "euclidean", **_others: Any
) -> Standing:
    """The row's distance to the nearest row taken, against how far the last one was from those before it.

    Args:
        rows: what the kernel chose from.
        chosen: positions of the rows taken, in order. Shape (budget,).
        at: the position of a row that was not.
        metric: ``euclidean`` or ``cosine``.
    """
    few = rows.take(pa.array([*chosen.tolist(), at]))
    x = Points(
        matrix(few, column_of_vectors(few), function="k_center"), is_unit=metric == "cosine"
    )[:]  # (budget + 1, d)
    distances = np.sqrt(np.square(x[:-1] - x[-1]).sum(axis=1))
    nearest = int(distances.argmin())
    numbers: dict[str, Any] = {"distance": float(distances[nearest]), "last_distance": None}
    others = {"nearest": int(chosen[nearest]), "last": int(chosen[-1])}
    said = f"its nearest member that was taken is {{nearest}}, at a distance of {distances[nearest]:.4g}"
    if len(chosen) > 1:
        numbers["last_distance"] = float(np.sqrt(np.square(x[:-2] - x[-2]).sum(axis=1)).min())
        said += (
            f"; the last one taken, {{last}}, was {numbers['last_distance']:.4g} from all before it"
        )
    return Standing(numbers, others, (said,))
