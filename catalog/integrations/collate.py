"""Batches of a subset's items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from catalog.models.supervised import IGNORED


class Collate:
    """A function from items to one batch, padded on the right.

    A batch has ``input_ids`` and ``labels``, int64 (B, T), and ``attention_mask`` (B, T). A packed
    batch has ``position_ids`` (B, T) instead, which restart at each row and at the padding. From
    these Transformers keeps rows apart, in every implementation of attention, if it has neither an
    attention mask nor a cache: the batch says ``use_cache=False``.

    Args:
        pad: the token id of padding, which has no label and to which no row attends.
        is_packed: whether items are packed.
    """

    def __init__(self, pad: int, *, is_packed: bool) -> None:
        self.pad = pad
        self.is_packed = is_packed

    def __call__(self, items: Sequence[dict[str, Any]]) -> dict[str, Any]:
        """Return one batch."""
        lengths = [len(item["input_ids"]) for item in items]
        shape = (len(items), max(lengths))
        batch = {
            "input_ids": np.full(shape, self.pad, dtype=np.int64),
            "labels": np.full(shape, IGNORED, dtype=np.int64),
        }
        if self.is_packed:
            batch["position_ids"] = np.zeros(shape, dtype=np.int64)
        else:
            batch["attention_mask"] = np.zeros(shape, dtype=np.int64)
        for row, (item, length) in enumerate(zip(items, lengths, strict=True)):
            for name in ("input_ids", "labels"):
                batch[name][row, :length] = item[name]
            if self.is_packed:
                batch["position_ids"][row, :length] = item["position_ids"]
                batch["position_ids"][row, length:] = np.arange(shape[1] - length)
            else:
                batch["attention_mask"][row, :length] = 1
        tensors: dict[str, Any] = {name: torch.from_numpy(batch[name]) for name in batch}
        return tensors | ({"use_cache": False} if self.is_packed else {})
