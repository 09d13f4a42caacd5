"""Gemini: ``contents`` of ``{"role", "parts"}``, with a ``systemInstruction``."""

from __future__ import annotations

from typing import Any

from catalog.pools.conversation import Instruction, conversation, first_key, first_value
from catalog.pools.formats.registry import record_format
from catalog.pools.message_content import typed_parts
from catalog.pools.reasons import Rejection

KEYS = ("contents", "history")
SYSTEMS = ("systemInstruction", "system_instruction", "system")


@record_format(order=70)
def gemini(record: Any) -> Instruction | Rejection | None:
    """Read Gemini's contents with parts; None for a record without such contents.

    A content without a role is the user's. Several parts stay in the message's extra, as parts with
    a type.

    >>> answer = {"role": "model", "parts": [{"text": "hello"}]}
    >>> gemini({"contents": [{"parts": [{"text": "hi"}]}, answer]}).messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    if not isinstance(record, dict):
        return None
    key, system_key = first_key(record, KEYS), first_key(record, SYSTEMS)
    contents, system = first_value(record, KEYS), first_value(record, SYSTEMS)
    if not isinstance(contents, list) or not contents or not all(map(_has_parts, contents)):
        return None
    turns = [{**item, "role": item.get("role") or "user"} for item in contents]
    if isinstance(system, dict) and "parts" in system:
        system = typed_parts(system["parts"])
    rest = {name: value for name, value in record.items() if name not in (key, system_key, "tools")}
    return conversation(turns, rest=rest, system=system, tools=record.get("tools"))


def _has_parts(content: Any) -> bool:
    return isinstance(content, dict) and "parts" in content
