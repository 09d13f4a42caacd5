"""Batches that hold about the same number of tokens, and little padding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch

Integers = np.ndarray[Any, np.dtype[np.int64]]


def token_batches(lengths: Sequence[int] | np.ndarray[Any, Any], *, budget: int) -> list[Integers]:
    """Group texts of similar length into batches of at most ``budget`` tokens, padding included.

    Longest first, so that the largest allocation comes first and memory does not grow later; equal
    lengths keep their order. The answer depends on the lengths and the budget alone.

    Args:
        lengths: tokens of each text, shape (n,).
        budget: tokens of a padded batch, i.e. rows times the longest row.

    Returns:
        Index arrays (int64) that together hold each of 0..n-1 once.

    >>> [batch.tolist() for batch in token_batches([2, 9, 3, 3], budget=9)]
    [[1], [2, 3, 0]]
    """
    sizes = np.asarray(lengths, dtype=np.int64)
    order = np.argsort(-sizes, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        longest = max(1, int(sizes[order[start]]))
        stop = start + max(1, budget // longest)
        batches.append(order[start:stop])
        start = stop
    return batches


def padded(
    rows: Sequence[Sequence[int] | np.ndarray[Any, Any]], *, fill: int, side: str = "right"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return rows of token ids as one rectangle, with its attention mask.

    Args:
        rows: B sequences of token ids.
        fill: the id that fills the shorter rows.
        side: ``"right"`` or ``"left"``, where the filling goes.

    Returns:
        ids (B, T) and mask (B, T), both int64; T is the longest row's length, at least 1.
    """
    import torch

    width = max([1, *(len(row) for row in rows)])
    ids = np.full((len(rows), width), fill, dtype=np.int64)
    mask = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        if not len(row):
            continue
        where = slice(width - len(row), None) if side == "left" else slice(0, len(row))
        ids[i, where] = row
        mask[i, where] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
