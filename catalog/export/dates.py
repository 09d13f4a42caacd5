"""Texts that a loader of JSON takes for timestamps: it does so where every text of a key looks like one, and the answers become dates."""

from __future__ import annotations

import re
from typing import Any

DATES = "texts that all look like dates, which datasets turns into timestamps"
TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d([ T]\d\d(:?\d\d(:?\d\d(\.\d+)?)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"
)


class Dates:
    """Whether every text under some key of the rows looked like a date so far."""

    def __init__(self) -> None:
        self._seen: dict[
            str, Any
        ] = {}  # of a key of texts, whether all were dates; of a key of objects, the same below it

    def add(self, row: dict[str, Any]) -> None:
        """See one row. Its source is no trainer's concern."""
        self._walk({key: value for key, value in row.items() if key != "source"}, self._seen)

    def _walk(self, value: dict[str, Any], seen: dict[str, Any]) -> None:
        for key, item in value.items():
            for one in item if isinstance(item, list) else (item,):
                if isinstance(one, str):
                    if seen.get(key) is not False:
                        seen[key] = TIMESTAMP.fullmatch(one) is not None
                elif isinstance(one, dict):
                    below = seen.setdefault(key, {})
                    if isinstance(below, dict):
                        self._walk(one, below)

    def are_found(self) -> bool:
        """Whether there is such a key.

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
