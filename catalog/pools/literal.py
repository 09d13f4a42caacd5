"""Values written as text: JSON, or the repr of Python and pandas. Nothing is evaluated."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

MAX_LITERAL = 4 * 2**20
"""Maximum length of a Python text. Its parser needs a hundred times as much memory."""

PYTHON_CELL = "turns are Python's repr, not JSON: read as literals"
"""The note of a record whose turns are a Python repr."""

_STRING = r"'(?:[^'\\]|\\.)*'"
_KEY = r'"(?:[^"\\]|\\.)*"\s*:'
_LOOKS_PYTHON = re.compile(
    rf"[\[({{\s]*(?:{_STRING}\s*[:,\])]|{_KEY}.*(?:\b(?:None|True|False)\b|:\s*'))", re.DOTALL
)


def looks_python(text: str) -> bool:
    """Return whether a text looks like the repr of a dict or a list.

    >>> [looks_python(text) for text in ("{'a': 1}", '{"a": None}', '{"a": 1}')]
    [True, True, False]
    """
    return text.lstrip()[:1] in ("{", "[") and _LOOKS_PYTHON.match(text[:4096].lstrip()) is not None


def python_value(text: str) -> Any:
    """Read a Python literal of dicts, lists, tuples, texts, numbers, True, False and None.

    Raises:
        ValueError: the text is something else, or too long.

    >>> python_value("{'a': (1, None)}")
    {'a': [1, None]}
    """
    if len(text) > MAX_LITERAL:
        raise ValueError(f"a Python literal of more than {MAX_LITERAL:,} characters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an unknown escape such as \d stays text
            return _plain(ast.literal_eval(text.strip()))
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(f"not a Python literal: {error}") from error


def written_value(text: str) -> tuple[Any, bool]:
    """Read a value that is written as text, and return whether it is Python.

    Raises:
        ValueError: the text is neither JSON nor a Python literal.

    >>> written_value('["a"]'), written_value("['a']")
    ((['a'], False), (['a'], True))
    """
    try:
        return json.loads(text), False
    except (ValueError, RecursionError):
        return python_value(text), True


def _plain(value: Any) -> Any:
    """Return a value with lists in place of tuples.

    Raises:
        ValueError: JSON has no such value, or a key is not a text.
    """
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ValueError("a key that is not a text")
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"{type(value).__name__} in a Python literal")
