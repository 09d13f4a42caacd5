"""ShareGPT: ``{"conversations": [{"from", "value"}], "system", "tools", "fingerprint", "source"}``.

Roles are spelt human, gpt, system, observation, function_call, developer and function. Other keys
of a message stand beside from and value; only a key that is itself called from or value has no
place. ``tools`` is JSON text, as LLaMA-Factory has it; ``images``, ``videos`` and ``audios`` are
lists of paths. All of these are keys of every line when any record has them.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns
from catalog.export.media import KINDS
from catalog.export.record import Encoded, Message, Record, is_tool_list
from catalog.export.survey import Survey

SPELLINGS = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
RESERVED = "message keys called from or value"


def sharegpt(record: Record, survey: Survey) -> Encoded:
    """One conversation.

    >>> turns = [Message("user", "hi", {}), Message("assistant", "hello", {})]
    >>> sharegpt(Record("f", turns, None, None, None, None, "s", None, None), Survey()).rows[0]["conversations"]
    [{'from': 'human', 'value': 'hi'}, {'from': 'gpt', 'value': 'hello'}]
    """
    rows = zip(record.messages, turns(record.messages, survey), strict=True)
    value: dict[str, Any] = {"conversations": [_turn(message, row) for message, row in rows]}
    if survey.n_systems:
        value["system"] = record.system or ""
    causes = {
        RESERVED: not all(_fits(message) for message in record.messages),
        MIXED: is_altered(record.messages, survey),
        TOOLS: record.tools is not None and not is_tool_list(record.tools),
    }
    return Encoded(
        [{**value, **beside(record, survey, media=KINDS)}],
        tuple(cause for cause, holds in causes.items() if holds),
    )


def is_call(message: Message) -> bool:
    """Whether a message is a call that ShareGPT writes as a turn of its own."""
    return (
        message.role == "assistant"
        and message.extra.get("from") == "function_call"
        and "role" not in message.extra
    )


def _turn(message: Message, row: dict[str, Any]) -> dict[str, Any]:
    spelling = (
        "function_call" if is_call(message) else message.extra.get("role", SPELLINGS[message.role])
    )
    rest = {
        key: item for key, item in row.items() if key not in ("from", "value", "role", "content")
    }
    return {"from": spelling, "value": row["content"], **rest}


def _fits(message: Message) -> bool:
    """Whether the turn, read again, is this message."""
    extra = message.extra
    return not extra or ("value" not in extra and ("from" not in extra or is_call(message)))
