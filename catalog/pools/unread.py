"""Count the keys of a file's records that were not read and became metadata."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.messages import and_more
from catalog.pools.tallies import add_counts

MAX_KEYS = 1_000
"""Maximum number of different keys to count, which bounds the memory."""

MAX_NAMED = 100
"""Maximum number of keys that a report names."""


class UnreadKeys:
    """Count of the unread keys, record by record.

    Attributes:
        ignored: keys that an option names. They are read, but stay in the metadata.
    """

    def __init__(self, ignored: Iterable[str] = ()) -> None:
        self.ignored = frozenset(ignored)
        self._counts: Counter[str] = Counter()

    def add(self, rest: Mapping[str, Any]) -> None:
        """Count the keys of one record, except those that are null."""
        counts = self._counts
        for key, value in rest.items():
            if (
                value is not None
                and key not in self.ignored
                and (key in counts or len(counts) < MAX_KEYS)
            ):
                counts[key] += 1

    def merge(self, later: UnreadKeys) -> None:
        """Add the counts of the records that follow; they are exact unless `is_full`."""
        add_counts(self._counts, later._counts)

    @property
    def is_full(self) -> bool:
        """Return whether further keys may not have been counted."""
        return len(self._counts) >= MAX_KEYS

    def named(self) -> dict[str, int]:
        """Return the commonest keys with their number of records, the commonest first."""
        return {
            str(key): n
            for key, n in sorted(self._counts.items(), key=lambda item: (-item[1], str(item[0])))[
                :MAX_NAMED
            ]
        }

    def __len__(self) -> int:
        return len(self._counts)


def shares(keys: Mapping[str, int], *, n_keys: int, n_records: int, n_named: int = 10) -> str:
    """Return keys with their share of the records, as text.

    >>> shares({"id": 200, "score": 24, "x": 1}, n_keys=5, n_records=200, n_named=3)
    'id (100 %), score (12 %), x (<1 %) and 2 more'
    """
    named = list(keys.items())[:n_named]
    text = ", ".join(f"{key} ({_percent(n / n_records)})" for key, n in named)
    return text + and_more(n_keys - len(named))


def _percent(share: float) -> str:
    if share < 0.01:
        return "<1 %"
    return f"{share:.0%}".replace("%", " %")
