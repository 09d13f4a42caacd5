"""What is seen while an export is written, and whether it may stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from catalog.errors import LossyExportError


@dataclass
class Tally:
    """Counts of one export.

    Attributes:
        format: its format.
        allow_lossy: whether losses are accepted.
        n_instructions: seen so far.
        n_rows: written so far.
        n_lossy: instructions that lost something.
        lost: those that lost something, by cause; an instruction may count under several.
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
        """Count every instruction as having lost something."""
        self.n_lossy = self.n_instructions
        self.lost[cause] = self.n_instructions

    def check(self) -> None:
        """Let the export stand, or not.

        Raises:
            LossyExportError: instructions lost something, and losses are not accepted.
        """
        if not self.n_lossy or self.allow_lossy:
            return
        causes = "; ".join(f"{n:,} with {cause}" for cause, n in self.lost.most_common())
        others = (
            "parquet, which loses nothing"
            if self.format in ("jsonl", "messages")
            else "jsonl or parquet, which keep everything, or messages"
        )
        raise LossyExportError(
            f"{self.format} cannot hold {self.n_lossy:,} of {self.n_instructions:,} instructions as they are ({causes}). "
            f"Nothing was written: choose --format {others}, or add --allow-lossy"
        )
