"""A record's labels, in whichever way they are written."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from catalog.pools.content import text_of

_NAMES = ("tag", "label", "name", "value", "text")


def labels_of(value: Any) -> list[str] | None:
    """Labels from a text, a number, a list of them, or a list of objects with a tag, label, name, value or text; None for none.

    Raises:
        UnicodeEncodeError: a label is not text.

    >>> labels_of("math"), labels_of(["a", "", "b"]), labels_of([{"tag": "x", "explanation": "y"}]), labels_of('["a"]'), labels_of([])
    (['math'], ['a', 'b'], ['x'], ['a'], None)
    """
    if isinstance(value, str) and value.startswith("["):
        with contextlib.suppress(ValueError):  # a text that only begins like a list is one label
            value = json.loads(value)
    labels = [
        label for item in (value if isinstance(value, list) else [value]) if (label := _label(item))
    ]
    for label in labels:
        label.encode()
    return labels or None


def _label(item: Any) -> str | None:
    if isinstance(item, dict):
        return next((text for name in _NAMES if (text := text_of(item.get(name)))), None)
    return text_of(item)
