"""Which row kept another one out of ``diverse``'s answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.relation import matrix
from catalog.kernels._common.similarity import exact_cosines
from catalog.kernels.explain import Rows, Standing, column_of_vectors, fingerprint_order


def standing(
    rows: pa.Table,
    *,
    chosen: Rows,
    at: int,
    budget: int,
    threshold: float = 0.9,
    score: str = "score",
    **_others: Any,
) -> Standing:
    """The row's place by score, and the most similar row that was accepted before it; or that the budget was full first.

    Args:
        rows: what the kernel chose from.
        chosen: positions of the rows accepted, in order. Shape (budget,).
        at: the position of a row that was not.
        budget: of the kernel; where fewer were accepted, every row was looked at.
        threshold: the highest cosine that is still accepted.
        score: the column of scores.
    """
    scores = rows[score].cast(pa.float64(), safe=False).to_numpy()
    ties = fingerprint_order(rows)
    is_before = (scores > scores[at]) | ((scores == scores[at]) & (ties < ties[at]))
    place = int(is_before.sum()) + 1
    few = rows.take(pa.array([*chosen.tolist(), at]))
    x = matrix(few, column_of_vectors(few), function="diverse")
    n_before = int(is_before[chosen].sum())  # those accepted before it, which are the first of them
    cosines = exact_cosines(x[:n_before], np.broadcast_to(x[-1], x[:n_before].shape))
    nearest = int(cosines.argmax()) if n_before else None
    is_similar = nearest is not None and bool(cosines[nearest] > threshold)
    is_rejected = is_similar and (n_before < len(chosen) or len(chosen) < budget)
    numbers = {
        "place_by_score": place,
        "n_scored": rows.num_rows,
        "score": float(scores[at]),
        "similarity": float(cosines[nearest]) if nearest is not None else None,
        "is_rejected": is_rejected,
    }
    others = {"nearest": int(chosen[nearest])} if nearest is not None else {}
    by_score = f"its {score} of {scores[at]:.4g} is number {place:,} of {rows.num_rows:,}"
    if is_rejected:
        said = [
            f"it is too like {{nearest}}, which was taken before it: {cosines[nearest]:.4f} is above {threshold:g}",
            by_score,
        ]
        return Standing(numbers, others, tuple(said))
    others["last"] = int(chosen[-1])
    said = [
        f"{by_score}; the budget was full before its turn, with {{last}} of {scores[chosen[-1]]:.4g}"
    ]
    if is_similar:
        said.append(
            f"had its turn come, {{nearest}} would have kept it out: {cosines[nearest]:.4f} is above {threshold:g}"
        )
    return Standing(numbers, others, tuple(said))
