"""ShareGPT: ``{"conversations": [{"from", "value"}], "system", "tools"}``.

Roles are spelt human, gpt, system, observation, function_call, developer and function. Other keys of a message stand beside from and
value; only a key that is itself called from or value has no place. ``tools`` is a text, as LLaMA-Factory has it.
"""

from __future__ import annotations

from typing import Any

from catalog.subsets.export.record import Encoded, Message, Record

SPELLINGS = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
RESERVED = "message keys called from or value"


def sharegpt(record: Record) -> Encoded:
    """One conversation.

    >>> sharegpt(Record("f", [Message("user", "hi", {}), Message("assistant", "hello", {})], "Be kind.", None, "s", None, None)).value
    {'conversations': [{'from': 'human', 'value': 'hi'}, {'from': 'gpt', 'value': 'hello'}], 'system': 'Be kind.'}
    """
    value: dict[str, Any] = {"conversations": [_turn(message) for message in record.messages]}
    if record.system is not None:
        value["system"] = record.system
    if record.tools is not None:
        value["tools"] = record.tools
    return Encoded(value, () if all(_fits(message) for message in record.messages) else (RESERVED,))


def is_call(message: Message) -> bool:
    """Whether a message is a call that ShareGPT writes as a turn of its own."""
    return message.role == "assistant" and message.extra.get("from") == "function_call" and "role" not in message.extra


def _turn(message: Message) -> dict[str, Any]:
    role, content, extra = message
    if not extra:
        return {"from": SPELLINGS[role], "value": content}
    spelling = "function_call" if is_call(message) else extra.get("role", SPELLINGS[role])
    rest = {key: item for key, item in extra.items() if key not in ("from", "value", "role", "content")}
    return {"from": spelling, "value": extra.get("content", content), **rest}


def _fits(message: Message) -> bool:
    """Whether the turn, read again, is this message."""
    extra = message.extra
    return not extra or ("value" not in extra and ("from" not in extra or is_call(message)))
