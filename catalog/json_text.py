"""JSON that every reader takes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 200
"""Levels of a stored JSON text: Python's reader and writer recurse, and must do so wherever they are called."""

_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NOT_BRACKETS = re.compile(r"[^\[\]{}]+")


def _named(value: Any) -> str:
    """Return what stands for a value that JSON cannot hold: the hash of bytes, the text of anything else."""
    if isinstance(value, bytes):
        return f"sha256:{hashlib.sha256(value).hexdigest()}"
    return str(value)


_encode: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, default=_named
).encode


class NotFiniteError(ValueError):
    """NaN or an infinity stands where a text must be exact."""


def json_text(value: Any) -> str:
    """A value as JSON text; what JSON cannot hold becomes a string, and NaN and infinities become null.

    >>> json_text({"a": float("nan"), "b": "é"})
    '{"a": null, "b": "é"}'
    """
    try:
        return _encode(value)
    except ValueError:
        return _encode(finite(value))


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
    """The same value with null for what is no finite number, nested ones too: JSON can write 1e400, and Python cannot hold it.

    >>> finite([1.5, float("inf")])
    [1.5, None]
    """
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list | tuple) else value


def check_depth(text: str) -> None:
    """Refuse a JSON text that is nested more than MAX_DEPTH levels deep.

    Raises:
        RecursionError: it is.

    >>> check_depth("[" * 200 + "]" * 200), check_depth('{"a": "' + "[" * 300 + '"}')
    (None, None)
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _NOT_BRACKETS.sub("", _STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            raise RecursionError(f"nested more than {MAX_DEPTH} levels deep")
