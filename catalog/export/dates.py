"""Texts that a JSON loader turns into timestamps.

It does so where every text under a key looks like a timestamp, and the answers become dates.
"""

from __future__ import annotations

import re
from typing import Any

DATES = "texts that all look like dates, which datasets turns into timestamps"
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d(\.\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
)


class Dates:
    """Search for keys of the rows under which every text looks like a date."""

    def __init__(self) -> None:
        # By key: for texts whether all are dates, for objects another such dictionary.
        self._seen: dict[str, Any] = {}

    def add(self, row: dict[str, Any]) -> None:
        """Add one row, without its source, which no trainer reads."""
        self._walk({key: value for key, value in row.items() if key != "source"}, self._seen)

    def _walk(self, value: dict[str, Any], seen: dict[str, Any]) -> None:
        for key, item in value.items():
            for element in item if isinstance(item, list) else (item,):
                if isinstance(element, str):
                    if seen.get(key) is not False:
                        seen[key] = TIMESTAMP.fullmatch(element) is not None
                elif isinstance(element, dict):
                    below = seen.setdefault(key, {})
                    if isinstance(below, dict):
                        self._walk(element, below)

    def are_found(self) -> bool:
        """Return whether there is such a key.

        >>> dates = Dates()
        >>> dates.add({"output": "2001-01-01", "source": "2024-05-05"})
        >>> dates.are_found()
        True
        >>> dates.add({"output": "Tuesday"})
        >>> dates.are_found()
        False
        """
        return _any(self._seen)


def _any(seen: dict[str, Any]) -> bool:
    return any(_any(below) if isinstance(below, dict) else below for below in seen.values())
