"""What every format is given: one instruction, its JSON texts read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import repeat
from typing import Any, NamedTuple

import pyarrow as pa


class Message(NamedTuple):
    """One message: role (system, user, assistant or tool), content, and its other keys, an empty dict where there are none.

    Two of these keys say how the message was spelt and win over role and content: ``content`` (a
    list of parts, of which `content` is the text) and ``role`` ("developer", "function"); ``from``
    is "function_call" for a call that ShareGPT wrote as a turn.
    """

    role: str
    content: str
    extra: dict[str, Any]


class Record(NamedTuple):
    """One instruction as it is exported.

    ``tools`` is a text, the JSON text of a list as a rule; ``metadata`` is a JSON object's text;
    ``locations`` are the files that were found at the paths of its media.
    """

    fingerprint: str
    messages: list[Message]
    system: str | None
    tools: str | None
    rejected: list[list[dict[str, Any]]] | None
    media: list[dict[str, Any]] | None
    source: str
    labels: list[str] | None
    metadata: str | None
    locations: dict[str, str] = {}  # noqa: RUF012 - a named tuple's default, which nothing changes


class Encoded(NamedTuple):
    """The rows that one instruction becomes, and why they are less than it was: one cause for each thing lost."""

    rows: list[dict[str, Any]]
    lost: tuple[str, ...] = ()


_PLAIN: dict[str, Any] = {}
_NOWHERE: dict[str, str] = {}


def records(batch: pa.RecordBatch) -> Iterator[Record]:
    """The instructions of a batch, in its order.

    Args:
        batch: columns fingerprint string, messages list<struct<role string, content string, extra string>>, system string, tools
            string, source string, labels list<string>, metadata string; extra and metadata are JSON
            object texts; extra, system, tools, labels and metadata may be NULL.

    >>> batch = pa.RecordBatch.from_pylist([{"fingerprint": "f", "messages": [{"role": "user", "content": "hi", "extra": '{"a": 1}'}],
    ...     "system": None, "tools": None, "rejected": None, "media": None, "source": "s", "labels": None, "metadata": None}])
    >>> next(records(batch)).messages
    [Message(role='user', content='hi', extra={'a': 1})]
    """
    column = batch.column("messages")
    lengths = column.value_lengths().to_pylist()
    # Flat lists are several times faster than a list of dicts for each record.
    turns = column.flatten()
    roles, contents, extras = (
        turns.field(name).to_pylist() for name in ("role", "content", "extra")
    )
    names = ("fingerprint", "system", "tools", "rejected", "media", "source", "labels", "metadata")
    rows = zip(lengths, *(batch.column(name).to_pylist() for name in names), strict=True)
    located = (
        batch.column("locations").to_pylist() if "locations" in batch.schema.names else repeat(None)
    )
    start = 0
    for (
        length,
        fingerprint,
        system,
        tools,
        rejected,
        media,
        source,
        labels,
        metadata,
    ), places in zip(rows, located, strict=False):
        stop = start + length
        messages = [
            Message(role, content, json.loads(extra) if extra else _PLAIN)
            for role, content, extra in zip(
                roles[start:stop], contents[start:stop], extras[start:stop], strict=True
            )
        ]
        unwanted, references = (json.loads(text) if text else None for text in (rejected, media))
        yield Record(
            fingerprint,
            messages,
            system,
            tools,
            unwanted,
            references,
            source,
            labels,
            metadata,
            _locations(places),
        )
        start = stop


def _locations(places: list[dict[str, str]] | None) -> dict[str, str]:
    return {place["path"]: place["location"] for place in places} if places else _NOWHERE


def last_answer(messages: list[Message]) -> int:
    """The position of the last assistant message, or -1.

    >>> last_answer([Message("user", "a", {}), Message("assistant", "b", {}), Message("user", "c", {})])
    1
    """
    return max(
        (position for position, message in enumerate(messages) if message.role == "assistant"),
        default=-1,
    )


def has_answer(messages: list[Message]) -> bool:
    """Whether the assistant says anything."""
    return any(message.role == "assistant" for message in messages)


def is_tool_list(tools: str | None) -> bool:
    """Whether tools are the JSON text of a list of objects: trainers stop on anything else.

    >>> is_tool_list('[{"name": "f"}]'), is_tool_list('{"name": "f"}'), is_tool_list("f(x): squares x"), is_tool_list(None)
    (True, False, False, False)
    """
    try:
        value = json.loads(tools) if tools else None
    except ValueError:
        return False
    return isinstance(value, list) and bool(value) and all(isinstance(tool, dict) for tool in value)


def message_of(turn: dict[str, Any]) -> Message:
    """A turn of a rejected answer as a message.

    >>> message_of({"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "image"}], "name": "Ann"}).content
    'a'
    """
    extra = {
        key: value
        for key, value in turn.items()
        if key not in ("role", "content") and value is not None
    }
    role, content = turn.get("role", "assistant"), turn.get("content")
    if isinstance(content, list):
        texts = [
            part["text"]
            for part in content
            if isinstance(part, dict) and isinstance(part.get("text"), str)
        ]
        return Message(role, "\n".join(texts), {**extra, "content": content})
    return Message(role, "" if content is None else str(content), extra)
