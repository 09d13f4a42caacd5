"""JSON text that every reader accepts."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 200
"""Maximum depth of a stored JSON text, because Python's reader and writer recurse."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


def _named(value: Any) -> str:
    """Return a text for a value that JSON cannot hold: the hash of bytes, else its string."""
    if isinstance(value, bytes):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    return str(value)


_encode: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, default=_named
).encode


class NotFiniteError(ValueError):
    """NaN or an infinity in a text that must be exact."""


def json_text(value: Any) -> str:
    """Return a value as JSON text.

    Values that JSON cannot hold become strings. NaN and the infinities become null.

    >>> json_text({"a": float("nan"), "b": "é"})
    '{"a": null, "b": "é"}'
    """
    try:
        return _encode(value)
    except ValueError:
        return _encode(finite(value))


def stored_json(value: Any) -> str | None:
    """Return a value as JSON text; None if it is empty, as a column without a value is stored.

    >>> stored_json(["a"]), stored_json([])
    ('["a"]', None)
    """
    if value:
        return json_text(value)
    return None


def parsed_json(text: str | None) -> Any:
    """Return the value of a stored JSON text; None if there is none."""
    if text:
        return json.loads(text)
    return None


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, and any other value as a list of it.

    >>> as_list(["a"]), as_list("a")
    (['a'], ['a'])
    """
    if isinstance(value, list):
        return value
    return [value]


def exact_json_text(value: Any) -> str:
    """Return a value as JSON text.

    Raises:
        NotFiniteError: NaN or an infinity in it.

    >>> exact_json_text({"b": b"x"})[:20]
    '{"b": "sha256:2d7116'
    """
    try:
        return _encode(value)
    except ValueError as error:
        raise NotFiniteError("NaN or Infinity in a message") from error


def finite(value: Any) -> Any:
    """Return a value with null for every number that is not finite, with nested ones.

    JSON can hold 1e400, which Python reads as infinity.

    >>> finite([1.5, float("inf")])
    [1.5, None]
    """
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def check_depth(text: str) -> None:
    """Refuse a JSON text that is nested more than MAX_DEPTH levels deep.

    Raises:
        RecursionError: the text is nested too deeply.

    >>> check_depth("[" * 200 + "]" * 200)
    >>> check_depth('{"a": "' + "[" * 300 + '"}')
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _NOT_BRACKETS.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise RecursionError(f"nested more than {MAX_DEPTH} levels deep")
