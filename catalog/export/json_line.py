"""JSON as it goes into files: one line, real characters, nothing that is not JSON."""

from __future__ import annotations

import json
import re
from typing import Any

from catalog.json_text import finite, json_text

# JSON may hold these as they are, but programs that split a text into lines (Python's splitlines,
# JavaScript before 2019) cut there.
_LINE_BREAKS = re.compile("[\u0085\u2028\u2029]")


def json_line(value: Any) -> str:
    """A value on one line, whatever counts as a line break.

    >>> json_line({"a": "é\\u2028\\n"})
    '{"a": "é\\\\u2028\\\\n"}'
    """
    text = json_text(value)
    return (
        text if text.isascii() else _LINE_BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    )


def json_bytes(value: Any) -> bytes:
    """The same as UTF-8; half of a surrogate pair, which UTF-8 cannot hold, stays an escape.

    >>> json_bytes({"a": "\\ud800"})
    b'{"a": "\\\\ud800"}'
    """
    try:
        return json_line(value).encode()
    except UnicodeEncodeError:
        return json.dumps(finite(value), allow_nan=False).encode()
