"""Messages as objects with a role and a content, and the columns beside them in a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from catalog.export.media import media_columns
from catalog.export.record import Message, Record, is_tool_list
from catalog.export.survey import Survey
from catalog.json_text import stored_json

MIXED = "values of several types under one key, written as JSON text"
TOOLS = "tools that are no JSON list of objects, on which the trainer stops"


def with_system(record: Record) -> list[Message]:
    """Return the messages of a record, its system prompt first."""
    if record.system is None:
        return record.messages
    return [Message("system", record.system, {}), *record.messages]


def turns(messages: Iterable[Message], survey: Survey) -> list[dict[str, Any]]:
    """Return the messages as objects, in which each key has one type over the whole file.

    Keys of extra win over role and content.

    >>> messages = [Message("user", "hi", {}), Message("assistant", "hello", {"name": "Ann"})]
    >>> survey = Survey()
    >>> survey.add(Record("f", messages, None, None, None, None, "s", None, None))
    >>> turns(messages, survey)
    [{'role': 'user', 'content': 'hi'}, {'role': 'assistant', 'content': 'hello', 'name': 'Ann'}]
    """
    return [_turn(message, survey) for message in messages]


def is_altered(messages: Iterable[Message], survey: Survey) -> bool:
    """Return whether `turns` must change a value of these messages."""
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
    """Return the columns beside the messages of a row.

    They are the tools if trainers can read them, media of the given kinds, fingerprint and source.
    The exact references to media are also a column, from which this catalog restores what a path
    does not hold.
    """
    value: dict[str, Any] = {}
    if survey.n_tools:
        value["tools"] = record.tools if is_tool_list(record.tools) else None
    value |= media_columns(record, survey, media)
    value |= {"fingerprint": record.fingerprint, "source": record.source}
    if survey.media:
        value["media"] = stored_json(record.media)
    return value


def announce(row: dict[str, Any], survey: Survey, *, turns: str) -> None:
    """Add to the first row of a file the keys that first occur too late for a loader.

    Args:
        row: the row, which this function changes.
        survey: the survey of the file.
        turns: the key of the row's turns.
    """
    if survey.late and row[turns]:
        row[turns][0] = dict.fromkeys(survey.late) | row[turns][0]
    if survey.tools_are_late and row.get("tools", "") is None:
        row["tools"] = "[]"
