"""The counts and the place of a pass over a subset, shared with DataLoader workers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from catalog.models.supervised import REASONS


@dataclass(frozen=True)
class SubsetReading:
    """The counts of one pass over a subset.

    Attributes:
        n_rows: rows that became tokens.
        n_cut: rows with tokens beyond ``max_length``.
        left_out: rows without a trained token, by reason; no item holds them.
        n_items: items of this rank.
        n_padding: items without a trained token, which keep ranks in step at the end of an epoch.
        n_tokens: tokens of the items.
        n_trained: tokens with a label.
    """

    n_rows: int
    n_cut: int
    left_out: dict[str, int]
    n_items: int
    n_padding: int
    n_tokens: int
    n_trained: int


class Progress:
    """Numbers that a process and its DataLoader workers share."""

    ROWS = ("n_rows", "n_cut", *REASONS)
    ITEMS = ("n_items", "n_padding", "n_tokens", "n_trained")
    COUNTS = (*ROWS, *ITEMS)
    _STARTS = ("start", "start_row", "start_before")
    _NAMES = (*_STARTS, "items", "is_read_ahead", "row", "before", *COUNTS)
    _PLACES: ClassVar = {name: place for place, name in enumerate(_NAMES)}

    def __init__(self) -> None:
        values: Any = torch.zeros(len(self._PLACES), dtype=torch.int64)
        self._values = values.share_memory_()
        self._array = self._values.numpy()  # the same numbers, without torch's way to each
        self.keep_rows = False  # whether the rows were counted once for all passes

    def __getitem__(self, name: str) -> int:
        return int(self._array[self._PLACES[name]])

    def __setitem__(self, name: str, value: int) -> None:
        self._array[self._PLACES[name]] = value

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_array"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._array = self._values.numpy()

    def go_to(self, item: int, *, row: int = 0, before: int = 0) -> None:
        """Let the next pass begin at an item, which lies behind a row with ``before`` items."""
        for name, value in zip(self._STARTS, (item, row, before), strict=True):
            self[name] = value

    def clear(self, *, items: int) -> None:
        """Start the counts of a pass that begins at an item."""
        if not self.keep_rows:
            self.clear_rows()
        for name in self.ITEMS:
            self[name] = 0
        self["items"] = items

    def clear_rows(self) -> None:
        """Start the counts of rows."""
        for name in self.ROWS:
            self[name] = 0

    def reading(self) -> SubsetReading:
        """Return the counts."""
        values = {name: self[name] for name in self.COUNTS}
        left_out = {reason: values.pop(reason) for reason in REASONS}
        left_out = {reason: n for reason, n in left_out.items() if n}
        return SubsetReading(left_out=left_out, **values)
