"""Counts of an export, and the decision whether its losses are allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.errors import LossyExportError

LOSSLESS = "parquet"
NEARLY_LOSSLESS = ("jsonl", "messages")


@dataclass
class Tally:
    """Counts of one export.

    Attributes:
        format: its format.
        allow_lossy: whether losses are allowed.
        n_instructions: instructions so far.
        n_rows: rows written so far.
        n_lossy: instructions that lost something.
        lost: instructions that lost something, by cause. One may count under several causes.
    """

    format: str
    allow_lossy: bool
    n_instructions: int = 0
    n_rows: int = 0
    n_lossy: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, causes: Iterable[str], *, n_rows: int) -> None:
        """Count one instruction, its rows, and what it lost."""
        self.n_instructions += 1
        self.n_rows += n_rows
        causes = set(causes)
        if causes:
            self.n_lossy += 1
            self.lost.update(sorted(causes))

    def lose_all(self, cause: str) -> None:
        """Count every instruction under a cause."""
        self.n_lossy = self.n_instructions
        self.lost[cause] = self.n_instructions

    def check(self) -> None:
        """Refuse losses that are not allowed.

        Raises:
            LossyExportError: instructions lost something, and losses are not allowed.
        """
        if not self.n_lossy or self.allow_lossy:
            return
        causes = "; ".join(f"{n:,} with {cause}" for cause, n in self.lost.most_common())
        others = f"{LOSSLESS}, which keeps everything"
        if self.format not in NEARLY_LOSSLESS:
            others = f"jsonl or {LOSSLESS}, which keep everything, or messages"
        raise LossyExportError(
            f"{self.format} cannot hold {self.n_lossy:,} of {self.n_instructions:,} instructions "
            f"unchanged ({causes}). Nothing was written: use {others}, or allow a lossy export"
        )
