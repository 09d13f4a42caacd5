"""Settle one type for each key, over all records of a file.

Loaders read a JSON file as columns. If a key holds a text in one record and a list in another,
datasets 3.6 refuses the file, and datasets 5.2 decodes the texts: "5" becomes a number and "true" a
truth value. Objects under one key also share their keys there, so the arguments of one tool call
would gain the keys of another.
"""

from __future__ import annotations

from typing import Any

from catalog.json_text import json_text

KINDS: dict[type, str] = {
    str: "text",
    bool: "truth value",
    int: "number",
    float: "number",
    list: "list",
    dict: "object",
}


class Node:
    """Types of the values under one key, and below it.

    Attributes:
        kinds: the JSON types of its values; null does not count.
        keys: the keys of its objects.
        items: the items of its lists; None before the first.
        is_exact: whether its objects must have the same keys, since a template prints them whole.
        is_ragged: whether two of its objects have different keys.
    """

    __slots__ = ("first_keys", "is_exact", "is_ragged", "items", "keys", "kinds")

    def __init__(self, *, is_exact: bool = False) -> None:
        self.kinds: set[str] = set()
        self.keys: dict[str, Node] = {}
        self.items: Node | None = None
        self.is_exact = is_exact
        self.is_ragged = False
        self.first_keys: frozenset[str] | None = None

    def add(self, value: Any) -> None:
        """Add one value."""
        if value is None:
            return
        self.kinds.add(KINDS.get(type(value), "text"))
        if isinstance(value, dict):
            keys = frozenset(value)
            self.is_ragged |= self.first_keys not in (None, keys)
            self.first_keys = keys
            for key, item in value.items():
                if key not in self.keys:
                    self.keys[key] = Node(is_exact=self.is_exact or key == "arguments")
                self.keys[key].add(item)
        elif isinstance(value, list):
            self.items = self.items or Node(is_exact=self.is_exact)
            for item in value:
                self.items.add(item)

    @property
    def is_mixed(self) -> bool:
        """Tell whether the values do not fit into one column unchanged."""
        return len(self.kinds) > 1 or (self.is_exact and self._differs())

    def _differs(self) -> bool:
        below = list(self.keys.values())
        if self.items is not None:
            below.append(self.items)
        return self.is_ragged or any(len(node.kinds) > 1 or node._differs() for node in below)

    def settle(self, value: Any) -> Any:
        """Return a value for one column; under a mixed key, any other value than text becomes JSON.

        >>> node = Node()
        >>> for seen in ({"a": "x"}, {"a": [1]}):
        ...     node.add(seen)
        >>> node.settle({"a": "x"}), node.settle({"a": [1]})
        ({'a': 'x'}, {'a': '[1]'})
        """
        if value is None:
            return None
        if self.is_mixed:
            return value if isinstance(value, str) else json_text(value)
        if isinstance(value, dict):
            return {key: self.keys[key].settle(item) for key, item in value.items()}
        if isinstance(value, list) and self.items is not None:
            return [self.items.settle(item) for item in value]
        return value
