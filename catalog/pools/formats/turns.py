"""Bare lists of turns (LIMA): alternating texts of user and assistant, or turns with roles.

The list is the record, or under one of its keys.
"""

from __future__ import annotations

from typing import Any

from catalog.pools.conversation import Instruction, conversation, first_key
from catalog.pools.fingerprint import Message
from catalog.pools.formats.messages import are_turns, listed
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection

KEYS = ("conversations", "conversation", "messages", "dialogue", "dialog", "data")
"""Keys of alternating texts, without ``turns``, where MT-Bench has only the user's turns."""


@record_format(order=50)
def turns(record: Any) -> Instruction | Rejection | None:
    """Read a bare list of texts (user, assistant, ...) or of turns; None for anything else.

    >>> turns(["What is it?", "A list."]).messages
    [('user', 'What is it?', None), ('assistant', 'A list.', None)]
    """
    if isinstance(record, list):
        return _turns(record, rest={})
    if not isinstance(record, dict):
        return None
    key = first_key(record, KEYS)
    values, notes = listed(record[key]) if key else (None, ())
    if not values or not isinstance(values[0], str):
        return None
    read = _turns(values, rest={name: value for name, value in record.items() if name != key})
    if notes and isinstance(read, Instruction):
        return read._replace(notes=notes)
    return read


def _turns(values: list[Any], *, rest: dict[str, Any]) -> Instruction | Rejection | None:
    if are_turns(values):
        return conversation(values, rest=rest)
    if not values or not isinstance(values[0], str):
        return None
    if not all(isinstance(value, str) for value in values):
        return Rejection("wrong_type", "a list of texts has an item of another type")
    messages: list[Message] = [
        ("assistant" if n % 2 else "user", value, None) for n, value in enumerate(values)
    ]
    return Instruction(messages, None, None, rest)
