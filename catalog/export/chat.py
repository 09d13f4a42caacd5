"""Messages as objects with a role and a content, and what stands beside them in a line, the same in every line of a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.export.media import media_columns
from catalog.export.record import Message, Record, is_tool_list
from catalog.export.survey import Survey
from catalog.json_text import json_text

MIXED = "values of several types under one key, written as JSON text"
TOOLS = "tools that are no JSON list of objects, on which the trainer stops"


def with_system(record: Record) -> list[Message]:
    """The messages of a record, its system prompt first."""
    return (
        record.messages
        if record.system is None
        else [Message("system", record.system, {}), *record.messages]
    )


def turns(messages: Iterable[Message], survey: Survey) -> list[dict[str, Any]]:
    """The messages as objects; what extra says wins over role and content, and each key has one type in the whole file.

    >>> said = [Message("user", "hi", {}), Message("assistant", "hello", {"name": "Ann"})]
    >>> survey = Survey()
    >>> survey.add(Record("f", said, None, None, None, None, "s", None, None))
    >>> turns(said, survey)
    [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'hello', 'name': 'Ann'}]
    """
    return [_turn(message, survey) for message in messages]


def is_altered(messages: Iterable[Message], survey: Survey) -> bool:
    """Whether `turns` must write a value of theirs otherwise than it is."""
    return any(
        survey.settle(key, value) != value
        for message in messages
        for key, value in message.extra.items()
    )


def _turn(message: Message, survey: Survey) -> dict[str, Any]:
    role, content, extra = message
    value: dict[str, Any] = {"role": role, "content": content}
    for key, item in extra.items():
        value[key] = survey.settle(key, item)
    if survey.has_parts and isinstance(value["content"], str):
        value["content"] = [{"type": "text", "text": value["content"]}]
    return value


def beside(record: Record, survey: Survey, *, media: Sequence[str]) -> dict[str, Any]:
    """What stands beside the messages of a line: tools that trainers read, media of these kinds, fingerprint and source.

    The exact references to media are a column too, in which this catalog finds what a path does not
    say.
    """
    value: dict[str, Any] = {}
    if survey.n_tools:
        value["tools"] = record.tools if is_tool_list(record.tools) else None
    value |= media_columns(record, survey, media)
    value |= {"fingerprint": record.fingerprint, "source": record.source}
    if survey.media:
        value["media"] = json_text(record.media) if record.media else None
    return value


def announce(row: dict[str, Any], survey: Survey, *, turns: str) -> None:
    """Give the first row of a file every key that first occurs too late for a loader to learn of it.

    Args:
        row: the row, which is changed.
        survey: of the file.
        turns: the key of its turns.
    """
    if survey.late and row[turns]:
        row[turns][0] = dict.fromkeys(survey.late) | row[turns][0]
    if survey.tools_are_late and row.get("tools", "") is None:
        row["tools"] = "[]"
