"""Add counts by key, in the order of first occurrence."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import TypeVar

Key = TypeVar("Key")


def add_counts(counts: MutableMapping[Key, int], later: Mapping[Key, int]) -> None:
    """Add later counts to counts in place; new keys follow in their order.

    >>> counts = {"b": 1}
    >>> add_counts(counts, {"a": 2, "b": 3})
    >>> counts
    {'b': 4, 'a': 2}
    """
    for key, n in later.items():
        counts[key] = counts.get(key, 0) + n
