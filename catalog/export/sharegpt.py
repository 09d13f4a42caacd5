"""ShareGPT: ``{"conversations": [{"from", "value"}], "system", "tools", "fingerprint", "source"}``.

Roles are spelt human, gpt, system, observation, function_call, developer and function. Other keys
of a message stand beside from and value, except keys that are themselves called from or value.
``tools`` is JSON text, as in LLaMA-Factory. ``images``, ``videos`` and ``audios`` are lists of
paths. If any record has one of these keys, every row has it.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, TOOLS, beside, is_altered, turns
from catalog.export.media import KINDS
from catalog.export.record import Encoded, Message, Record, is_tool_list
from catalog.export.registry import exporter
from catalog.export.survey import Survey
from catalog.export.trainer import Trainer

SPELLINGS = {"user": "human", "assistant": "gpt", "tool": "observation", "system": "system"}
RESERVED = "message keys called from or value"


@exporter(
    "sharegpt",
    layout="array",
    suffixes=(".json", ".jsonl", ".ndjson"),
    turns="conversations",
    trainer=Trainer(media=KINDS),
    loses="rejected answers, weights, message keys called from or value",
)
def sharegpt(record: Record, survey: Survey) -> Encoded:
    """Return one conversation as ShareGPT's turns with ``from`` and ``value``.

    >>> messages = [Message("user", "hi", {}), Message("assistant", "hello", {})]
    >>> record = Record("f", messages, None, None, None, None, "s", None, None)
    >>> sharegpt(record, Survey()).rows[0]["conversations"]
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
    """Return whether a message is a call that ShareGPT writes as a separate turn."""
    return (
        message.role == "assistant"
        and message.extra.get("from") == "function_call"
        and "role" not in message.extra
    )


def _turn(message: Message, row: dict[str, Any]) -> dict[str, Any]:
    spelling = message.extra.get("role", SPELLINGS[message.role])
    if is_call(message):
        spelling = "function_call"
    known = ("from", "value", "role", "content")
    rest = {key: item for key, item in row.items() if key not in known}
    return {"from": spelling, "value": row["content"], **rest}


def _fits(message: Message) -> bool:
    """Return whether reading the turn again gives this message."""
    extra = message.extra
    return not extra or ("value" not in extra and ("from" not in extra or is_call(message)))
