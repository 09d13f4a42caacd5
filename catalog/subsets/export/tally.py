"""What is seen while an export is written, and whether it may stand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from catalog.errors import LossyExportError
from catalog.subsets.export.record import Record


@dataclass
class Tally:
    """Counts of one export.

    Attributes:
        format: its format.
        allow_lossy: whether losses are accepted.
        n_instructions: written so far.
        n_tools: those with tools.
        n_lossy: those that lost something.
        lost: those that lost something, by cause; an instruction may count under several.
    """

    format: str
    allow_lossy: bool
    n_instructions: int = 0
    n_tools: int = 0
    n_lossy: int = 0
    lost: Counter[str] = field(default_factory=Counter)

    def add(self, record: Record, causes: tuple[str, ...]) -> None:
        """Count one instruction and what it lost."""
        self.n_instructions += 1
        self.n_tools += record.tools is not None
        if causes:
            self.n_lossy += 1
            self.lost.update(causes)

    def check(self) -> None:
        """Let the export stand, or not.

        Raises:
            LossyExportError: instructions lost something, and losses are not accepted.
        """
        if not self.n_lossy or self.allow_lossy:
            return
        causes = "; ".join(f"{n:,} with {cause}" for cause, n in self.lost.most_common())
        raise LossyExportError(
            f"{self.format} cannot hold {self.n_lossy:,} of {self.n_instructions:,} instructions ({causes}). Nothing was written: "
            "choose --format jsonl or parquet, which lose nothing, or messages, which keeps the whole conversation, or add --allow-lossy"
        )
