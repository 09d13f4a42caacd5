"""JSON for files: one line, unescaped characters, and only valid JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from catalog.json_text import finite, json_text

# JSON may hold these characters unescaped, but programs that split a text into lines (Python's
# splitlines, JavaScript before 2019) split there.
_LINE_BREAKS = re.compile("[\u0085\u2028\u2029]")


def json_line(value: Any) -> str:
    """Return a value as JSON without any kind of line break.

    >>> json_line({"a": "é\\u2028\\n"})
    '{"a": "é\\\\u2028\\\\n"}'
    """
    text = json_text(value)
    if text.isascii():
        return text
    return _LINE_BREAKS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def json_bytes(value: Any) -> bytes:
    """Return the same as UTF-8; half of a surrogate pair, invalid in UTF-8, stays an escape.

    >>> json_bytes({"a": "\\ud800"})
    b'{"a": "\\\\ud800"}'
    """
    try:
        return json_line(value).encode()
    except UnicodeEncodeError:
        return json.dumps(finite(value), allow_nan=False).encode()
