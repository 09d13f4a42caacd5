"""JSON as it goes into files: one line, real characters, nothing that is not JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_encode: Callable[[Any], str] = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
_encode_ascii: Callable[[Any], str] = json.JSONEncoder(allow_nan=False).encode

# JSON may hold these as they are, but programs that split a text into lines (Python's splitlines, JavaScript before 2019) cut there.
_LINE_BREAKS = re.compile("[\u0085\u2028\u2029]")


def json_text(value: Any) -> str:
    """A value on one line, whatever counts as a line break.

    >>> json_text({"a": "é\\u2028\\n"})
    '{"a": "é\\\\u2028\\\\n"}'
    """
    try:
        text = _encode(value)
    except ValueError:
        text = _encode(_finite(value))
    if not text.isascii():
        text = _LINE_BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text


def json_bytes(value: Any) -> bytes:
    """The same as UTF-8; half of a surrogate pair, which UTF-8 cannot hold, stays an escape.

    >>> json_bytes({"a": "\\ud800"})
    b'{"a": "\\\\ud800"}'
    """
    try:
        return json_text(value).encode()
    except UnicodeEncodeError:
        return _encode_ascii(_finite(value)).encode()


def _finite(value: Any) -> Any:
    """The same value with null for numbers too large for a float (1e400), which JSON can write and Python cannot hold."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
