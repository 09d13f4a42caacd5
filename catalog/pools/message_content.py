"""Content in parts: its text, and the parts that the message keeps.

Migration 0004 computes the same texts in SQL; a test compares the two.
"""

from __future__ import annotations

import re
from typing import Any

from catalog.json_text import exact_json_text, json_text
from catalog.pools.reasons import Rejection, kind_of

TEXT_TYPES = frozenset(
    (
        *("text", "input_text", "output_text", "summary_text", "refusal", "tool_result"),
        *("reasoning", "reasoning_text", "thinking"),
    )
)
"""Types of parts that hold a text. A part without a type can also hold one."""

TEXT_KEYS = ("text", "value", "content", "reasoning", "thinking", "refusal")
"""Keys of a part's text, in order of precedence."""

_MEDIA = ("image", "video", "audio")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


def text_of(value: Any) -> str | None:
    """Return a text unchanged, a finite number as JSON, and None for anything else.

    >>> [text_of(value) for value in ("a", 42, True, ["a"], float("nan"))]
    ['a', '42', None, None, None]
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and value - value == 0:
        return json_text(value)
    return None


def read_content(content: Any, *, role: str) -> tuple[str, dict[str, Any]] | Rejection:
    """Read a content that is not a text, and return its text and the keys for extra.

    Raises:
        NotFiniteError: NaN or an infinity in it.

    >>> parts = [{"type": "image", "url": "x.png"}, {"type": "text", "text": "b"}]
    >>> read_content(parts, role="user")[0]
    '<image>\\nb'
    >>> read_content({"celsius": 20}, role="tool")
    ('{"celsius": 20}', {})
    """
    if content is None:
        return "", {}
    if isinstance(content, list):
        return _list_text(content, role=role)
    if isinstance(content, dict):
        text = None
        if isinstance(content.get("type"), str) and len(content) == 2:
            text = _text(content)
        if text is not None:
            return text, {}
        if role == "tool":
            return exact_json_text(content), {}
    number = text_of(content)
    if number is None:
        return Rejection("wrong_type", f"a turn's content is {kind_of(content)}")
    return number, {}


def _list_text(content: list[Any], *, role: str) -> tuple[str, dict[str, Any]]:
    if len(content) == 1 and _is_plain(content[0]):  # one part of text is a text
        return _text(content[0]) or "", {}
    is_result = role == "tool" and content and not any(map(_is_part, content))
    if is_result:  # the list that a tool returned
        return exact_json_text(content), {"content": content}
    if not content:
        return "", {}
    return parts_text(content), {"content": content}


def parts_text(parts: list[Any]) -> str:
    """Return the texts of parts, a line each, with a mark such as ``<image>`` for other parts.

    >>> parts_text(["a", {"type": "thinking", "thinking": "b"}, {"type": "tool_use", "name": "f"}])
    'a\\nb\\n<tool_use>'
    """
    return "\n".join(map(_part_text, parts))


def typed_parts(parts: Any) -> Any:
    """Return Gemini's parts with a type for their texts; any other value unchanged.

    >>> typed_parts(["a", {"text": "b"}, {"functionCall": {}}])
    [{'type': 'text', 'text': 'a'}, {'type': 'text', 'text': 'b'}, {'functionCall': {}}]
    """
    if not isinstance(parts, list):
        return parts
    return [_typed(part) for part in parts]


def _typed(part: Any) -> Any:
    text = part
    if isinstance(part, dict) and len(part) == 1:
        text = part.get("text")
    if isinstance(text, str):
        return {"type": "text", "text": text}
    return part


def block_text(blocks: list[Any]) -> str | None:
    """Return the text of blocks that are all texts, else None.

    >>> block_text([{"type": "text", "text": "a", "cache_control": {}}, "b"])
    'a\\nb'
    >>> block_text([{"type": "image"}])
    """
    texts = [block if isinstance(block, str) else _text(block) for block in blocks]
    if None in texts:
        return None
    return "\n".join(text for text in texts if text is not None)


def _is_plain(part: Any) -> bool:
    """Return whether a part holds only a text, under the keys of chat formats."""
    if not isinstance(part, dict) or part.get("type") != "text" or len(part) != 2:
        return False
    return isinstance(part.get("text", part.get("value")), str)


def _is_part(item: Any) -> bool:
    return isinstance(item, str) or (isinstance(item, dict) and isinstance(item.get("type"), str))


def _part_text(part: Any) -> str:
    text = part if isinstance(part, str) else _text(part)
    if text is None:
        return _mark(part)
    return text


def _text(part: Any) -> str | None:
    """Return the text of a part, or None."""
    if not isinstance(part, dict):
        return None
    kind = part.get("type")
    if kind is not None and (not isinstance(kind, str) or kind not in TEXT_TYPES):
        return None
    return next((part[key] for key in TEXT_KEYS if isinstance(part.get(key), str)), None)


def _mark(part: Any) -> str:
    """Return the mark of a part without text: its kind in angle brackets."""
    kind = part.get("type") if isinstance(part, dict) else "part"
    name = next(iter(part), "part") if kind is None else kind
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "<part>"
    return f"<{next((medium for medium in _MEDIA if medium in name.lower()), name)}>"
