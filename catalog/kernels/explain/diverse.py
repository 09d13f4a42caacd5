"""Find the row that kept another one out of ``diverse``'s answer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Rows
from catalog.kernels._common.relation import matrix
from catalog.kernels._common.similarity import exact_cosines
from catalog.kernels.explain import Counterfactual, column_of_vectors, fingerprint_order


def counterfactual(
    rows: pa.Table,
    *,
    selected: Rows,
    position: int,
    budget: int,
    threshold: float = 0.9,
    score: str = "score",
    **_others: Any,
) -> Counterfactual:
    """Return the row's place by score, and the most similar row that was accepted before it.

    Args:
        rows: what the kernel selected from.
        selected: positions of the accepted rows, in order. Shape (budget,).
        position: the position of a row that was not accepted.
        budget: the kernel's; where fewer rows were accepted, it looked at every row.
        threshold: the highest cosine that is still accepted.
        score: the column of scores.
    """
    scores = rows[score].cast(pa.float64(), safe=False).to_numpy()
    ties = fingerprint_order(rows)
    is_tied_before = (scores == scores[position]) & (ties < ties[position])
    is_before = (scores > scores[position]) | is_tied_before
    place = int(is_before.sum()) + 1
    few = rows.take(pa.array([*selected.tolist(), position]))
    x = matrix(few, column_of_vectors(few), function="diverse")
    n_before = int(is_before[selected].sum())  # the rows accepted before it are the first ones
    cosines = exact_cosines(x[:n_before], np.broadcast_to(x[-1], x[:n_before].shape))
    nearest = int(cosines.argmax()) if n_before else None
    is_similar = nearest is not None and bool(cosines[nearest] > threshold)
    was_reached = n_before < len(selected) or len(selected) < budget
    is_rejected = is_similar and was_reached
    numbers = {
        "place_by_score": place,
        "n_scored": rows.num_rows,
        "score": float(scores[position]),
        "similarity": float(cosines[nearest]) if nearest is not None else None,
        "is_rejected": is_rejected,
    }
    others = {"nearest": int(selected[nearest])} if nearest is not None else {}
    by_score = (
        f"by {score} ({scores[position]:.4g}) this row is number {place:,} of {rows.num_rows:,}"
    )
    above = f"{cosines[nearest]:.4f} is above {threshold:g}" if is_similar else ""
    if is_rejected:
        too_similar = f"it is too similar to {{nearest}}, which was selected before it: {above}"
        return Counterfactual(numbers, others, (too_similar, by_score))
    others["last"] = int(selected[-1])
    is_full = f"the budget was full before it, at {{last}} with {scores[selected[-1]]:.4g}"
    sentences = [f"{by_score}; {is_full}"]
    if is_similar:
        sentences.append(f"a larger budget would not help: {{nearest}} is too similar: {above}")
    return Counterfactual(numbers, others, tuple(sentences))
