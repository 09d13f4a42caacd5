"""What a report says of a file's records beyond their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

REASONING = ("reasoning", "reasoning_content", "thinking_trajectories")
"""Keys of a record that hold how its answer came about. They are metadata unless the field ``reasoning=KEY`` takes them."""


class Said:
    """Counts the notes of a file's records."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, notes: tuple[str, ...], rest: Mapping[str, Any]) -> None:
        """Count the notes of one record, and the reasoning that was not read."""
        self._counts.update(notes)
        for key in REASONING:
            if rest.get(key) is not None:
                self._counts[f"{key} is not read: add the field reasoning={key} to read it"] += 1

    def notes(self) -> list[str]:
        """Return a line for each note, in the order in which they came up.

        >>> said = Said()
        >>> said.add(("it is odd",), {})
        >>> said.notes()
        ['1 record: it is odd']
        """
        return [f"{n:,} record{'s' * (n > 1)}: {note}" for note, n in self._counts.items()]
