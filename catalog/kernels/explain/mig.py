"""Measure the gain of a row that ``mig`` did not select."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels._common.arrays import Rows
from catalog.kernels.explain import Counterfactual
from catalog.kernels.mig import mig


def counterfactual(
    rows: pa.Table, embeddings: pa.Table, *, selected: Rows, position: int, **options: Any
) -> Counterfactual:
    """Return the row's gain at the last pick and after it.

    A gain depends only on the selected rows. So the kernel, given those and this row, selects them
    first and this row last.

    Args:
        rows: what the kernel selected from.
        embeddings: the labels and their vectors.
        selected: positions of the selected rows, in order. Shape (budget,).
        position: the position of a row that was not selected.
        options: the kernel's.
    """
    positions = pa.array([*selected.tolist(), position])
    few = rows.take(positions).append_column("position", positions)
    without_last = few.filter(pa.array(np.arange(few.num_rows) != len(selected) - 1))
    now = mig(few, embeddings, **(options | {"budget": few.num_rows}))
    before = mig(without_last, embeddings, **(options | {"budget": without_last.num_rows}))
    last_gain, at_end = _gain(now, int(selected[-1])), _gain(now, position)
    numbers = {
        "gain_at_last_pick": _gain(before, position),
        "gain_at_end": at_end,
        "last_gain": last_gain,
    }
    sentence = (
        f"at the last pick it would have added {numbers['gain_at_last_pick']:.4g}; "
        f"{{last}} added {last_gain:.4g}"
    )
    return Counterfactual(numbers, {"last": int(selected[-1])}, (sentence,))


def _gain(answer: pa.Table, position: int) -> float:
    return float(answer["gain"][answer["position"].to_pylist().index(position)].as_py())
