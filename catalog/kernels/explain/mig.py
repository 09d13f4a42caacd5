"""What a row left out by ``mig`` would add to what is known of the labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.kernels.explain import Rows, Standing
from catalog.kernels.mig import mig


def standing(
    rows: pa.Table, embeddings: pa.Table, *, chosen: Rows, at: int, **options: Any
) -> Standing:
    """The row's gain at the last pick and after it.

    A gain depends on the rows taken alone, so greedy over those and this one takes them first, and
    this one last.

    Args:
        rows: what the kernel chose from.
        embeddings: the labels and their vectors.
        chosen: positions of the rows taken, in order. Shape (budget,).
        at: the position of a row that was not.
        options: the kernel's.
    """
    few = rows.take(pa.array([*chosen.tolist(), at])).append_column(
        "position", pa.array([*chosen.tolist(), at])
    )
    without_last = few.filter(pa.array(np.arange(few.num_rows) != len(chosen) - 1))
    now = mig(few, embeddings, **(options | {"budget": few.num_rows}))
    before = mig(without_last, embeddings, **(options | {"budget": without_last.num_rows}))
    last_gain, at_end = _gain(now, int(chosen[-1])), _gain(now, at)
    numbers = {
        "gain_at_last_pick": _gain(before, at),
        "gain_at_end": at_end,
        "last_gain": last_gain,
    }
    said = f"when the last was taken it would have brought {numbers['gain_at_last_pick']:.4g}; {{last}} brought {last_gain:.4g}"
    return Standing(numbers, {"last": int(chosen[-1])}, (said,))


def _gain(answer: pa.Table, position: int) -> float:
    return float(answer["gain"][answer["position"].to_pylist().index(position)].as_py())
