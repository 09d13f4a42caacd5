"""Notes of a report about a file's records, beyond their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from catalog.pools.tallies import add_counts

REASONING = ("reasoning", "reasoning_content", "thinking_trajectories")
"""Keys of a record that hold the reasoning of its answer.

They are metadata unless the field ``reasoning`` names one.
"""


class NoteCounter:
    """Count of the notes of a file's records."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, notes: tuple[str, ...], rest: Mapping[str, Any]) -> None:
        """Count the notes of one record, and its unread reasoning."""
        self._counts.update(notes)
        for key in REASONING:
            if rest.get(key) is not None:
                note = f"{key} is not read: add the field reasoning={key} to read it"
                self._counts[note] += 1

    def merge(self, later: NoteCounter) -> None:
        """Add the counts of the records that follow."""
        add_counts(self._counts, later._counts)

    def notes(self) -> list[str]:
        """Return a line for each note, in the order of first occurrence.

        >>> counter = NoteCounter()
        >>> counter.add(("it is odd",), {})
        >>> counter.notes()
        ['1 record: it is odd']
        """
        return [f"{n:,} record{'s' * (n > 1)}: {note}" for note, n in self._counts.items()]
