"""Measure the similarity of a row that ``round_robin`` did not take to the targets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Rows
from catalog.kernels._common.relation import matrix
from catalog.kernels._common.similarity import pair_cosines
from catalog.kernels.explain import Counterfactual, column_of_vectors, fingerprint_order


def counterfactual(
    rows: pa.Table, targets: pa.Table, *, selected: Rows, position: int, **_others: Any
) -> Counterfactual:
    """Return the row's similarity to its most similar target, and what that target took last.

    Args:
        rows: what the kernel selected from.
        targets: the examples that took turns.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
    """
    x = matrix(rows, column_of_vectors(rows), function="round_robin")
    y = matrix(targets, column_of_vectors(targets), function="round_robin")
    m = len(y)
    similarities = pair_cosines(x, np.full(m, position), y, np.arange(m))
    target = int(similarities.argmax())
    turns = selected[fingerprint_order(targets)[target] :: m]
    similarity = float(similarities[target])
    numbers: dict[str, Any] = {"similarity": similarity, "n_taken": len(turns)}
    name = f"the most similar example of the target, at {similarity:.4g},"
    if not len(turns):
        return Counterfactual(numbers, {}, (f"{name} had no turn",))
    last = int(turns[-1])
    numbers["last_similarity"] = float(pair_cosines(x, np.array([last]), y, np.array([target]))[0])
    message = (
        f"{name} took {len(turns):,} members; {{last}} last, at {numbers['last_similarity']:.4g}"
    )
    return Counterfactual(numbers, {"last": last}, (message,))
