"""Read a record's labels, in all of their spellings."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from catalog.json_text import as_list
from catalog.pools.message_content import text_of

_NAMES = ("tag", "label", "name", "value", "text")


def labels_of(value: Any) -> list[str] | None:
    """Return the labels of a text, a number, or a list of these or of objects; None without labels.

    An object has its label under tag, label, name, value or text.

    Raises:
        UnicodeEncodeError: a label is not text.

    >>> values = ("math", ["a", "", "b"], [{"tag": "x", "explanation": "y"}], '["a"]', [])
    >>> [labels_of(value) for value in values]
    [['math'], ['a', 'b'], ['x'], ['a'], None]
    """
    if isinstance(value, str) and value.startswith("["):
        with contextlib.suppress(ValueError):  # any other text is one label
            value = json.loads(value)
    labels = [label for item in as_list(value) if (label := _label(item))]
    for label in labels:
        label.encode()
    return labels or None


def _label(item: Any) -> str | None:
    if isinstance(item, dict):
        return next((text for name in _NAMES if (text := text_of(item.get(name)))), None)
    return text_of(item)
