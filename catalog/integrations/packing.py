"""Several rows in one sequence of a bounded length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from catalog.models.supervised import Supervised

Item = dict[str, Any]


def item_of(rows: Sequence[Supervised], *, is_packed: bool) -> Item:
    """Return one or, if packed, several rows as ``input_ids`` and ``labels``, int64 (T,).

    A packed item also has ``position_ids`` (T,), which restart at each row, and ``seq_lengths``,
    the tokens of each row.
    """
    if not is_packed:
        (row,) = rows
        return {"input_ids": row.input_ids, "labels": row.labels}
    item: Item = {
        "input_ids": np.concatenate([row.input_ids for row in rows]),
        "labels": np.concatenate([row.labels for row in rows]),
    }
    lengths = [len(row.input_ids) for row in rows]
    item["position_ids"] = np.concatenate([np.arange(length) for length in lengths])
    item["seq_lengths"] = lengths
    return item
