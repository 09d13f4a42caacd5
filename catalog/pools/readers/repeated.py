"""Repeated keys of a JSON object: JSON allows them, and only the last value is read."""

from __future__ import annotations

from collections.abc import Iterable
from json import JSONDecoder
from typing import Any

from catalog.messages import listed

_MOST_KEYS = 100


class RepeatedKeys:
    """Count of the records of a file that repeat a key in one object.

    Attributes:
        n_records: number of these records.
        keys: the keys, in order of first occurrence; at most a hundred.
    """

    def __init__(self, *, is_json: bool = True) -> None:
        self._is_json = is_json
        self.n_records = 0
        self.keys: dict[str, None] = {}

    def check(self, value: Any, raw: str | None) -> None:
        """Count a record from its value and its text, if it has one.

        Each key of the value has a quote and a colon in the text, like some texts in it. If there
        are more of them than keys, the text is parsed again.
        """
        if raw is None or not self._is_json:
            return
        n_marks = raw.count('":')
        if type(value) not in (dict, list) or n_marks == len(value) or n_marks == _n_keys(value):
            return
        repeated = repeated_keys(raw)
        self.n_records += bool(repeated)
        self._keep(repeated)

    def merge(self, later: RepeatedKeys) -> None:
        """Add the counts of the records that follow."""
        self.n_records += later.n_records
        self._keep(later.keys)

    def _keep(self, keys: Iterable[str]) -> None:
        for key in keys:
            if len(self.keys) < _MOST_KEYS:
                self.keys[key] = None

    def notes(self) -> list[str]:
        """Return the notes about these records.

        >>> repeated = RepeatedKeys()
        >>> repeated.check({"a": 2}, '{"a": 1, "a": 2}')
        >>> repeated.notes()
        ['1 record repeats a key in one object (a): the last value is read']
        """
        if not self.n_records:
            return []
        many = "records repeat" if self.n_records > 1 else "record repeats"
        return [
            f"{self.n_records:,} {many} a key in one object ({listed(self.keys)}): "
            "the last value is read"
        ]


def repeated_keys(text: str) -> list[str]:
    """Return the keys that repeat in an object of a JSON text; none for any other text.

    >>> repeated_keys('[{"a": 1, "b": {"c": 1, "c": 1}}]')
    ['c']
    """
    repeated: list[str] = []

    def noted(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs):
            names = [name for name, _ in pairs]
            repeated.extend(name for name in value if names.count(name) > 1)
        return value

    try:
        JSONDecoder(object_pairs_hook=noted).decode(text)
    except (ValueError, RecursionError):
        return []
    return list(dict.fromkeys(repeated))


def _n_keys(value: Any) -> int:
    """Count the keys of a value, including those of nested objects."""
    n = 0
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if type(value) is dict:
            n += len(value)
            value = value.values()
        waiting += [item for item in value if type(item) is dict or type(item) is list]
    return n
