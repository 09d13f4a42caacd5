"""Instruction with its JSON texts parsed, as every format receives it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any, NamedTuple

import pyarrow as pa

from catalog.json_text import parsed_json


class Message(NamedTuple):
    """Message: role (system, user, assistant or tool), content, and its other keys.

    Two of the other keys hold the original spelling and win over role and content: ``content`` (a
    list of parts, whose text is `content`) and ``role`` ("developer", "function"). ``from`` is
    "function_call" for a call that ShareGPT wrote as a turn.
    """

    role: str
    content: str
    extra: dict[str, Any]


class Record(NamedTuple):
    """Instruction for an export.

    ``tools`` is a text, usually the JSON text of a list. ``metadata`` is the JSON text of an
    object. ``locations`` are the files that were found at the paths of its media.
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
    locations: dict[str, str] = {}  # noqa: RUF012 - nothing changes a named tuple's default


class Encoded(NamedTuple):
    """Rows of an instruction, and a cause for each part of it that they lose."""

    rows: list[dict[str, Any]]
    lost: tuple[str, ...] = ()


_PLAIN: dict[str, Any] = {}
_NOWHERE: dict[str, str] = {}


def records(batch: pa.RecordBatch) -> Iterator[Record]:
    """Yield the instructions of a batch, in its order.

    Args:
        batch: the columns that `catalog.export.export` describes.

    >>> row = dict.fromkeys(("system", "tools", "rejected", "media", "labels", "metadata"))
    >>> row["messages"] = [{"role": "user", "content": "hi", "extra": '{"a": 1}'}]
    >>> batch = pa.RecordBatch.from_pylist([{**row, "fingerprint": "f", "source": "s"}])
    >>> next(records(batch)).messages
    [Message(role='user', content='hi', extra={'a': 1})]
    """
    column = batch.column("messages")
    lengths = column.value_lengths().to_pylist()
    # Flat lists are several times faster than one list of dicts for each record.
    turns = column.flatten()
    roles, contents, extras = (
        turns.field(name).to_pylist() for name in ("role", "content", "extra")
    )
    names = ("fingerprint", "system", "tools", "rejected", "media", "source", "labels", "metadata")
    rows = zip(lengths, *(batch.column(name).to_pylist() for name in names), strict=True)
    located: Iterable[Any] = repeat(None)
    if "locations" in batch.schema.names:
        located = batch.column("locations").to_pylist()
    stop = 0
    for row, places in zip(rows, located, strict=False):
        length, fingerprint, system, tools, rejected, media, source, labels, metadata = row
        start, stop = stop, stop + length
        parts = zip(roles[start:stop], contents[start:stop], extras[start:stop], strict=True)
        messages = [
            Message(role, content, json.loads(extra) if extra else _PLAIN)
            for role, content, extra in parts
        ]
        unwanted, references = parsed_json(rejected), parsed_json(media)
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


def _locations(places: list[dict[str, str]] | None) -> dict[str, str]:
    if places:
        return {place["path"]: place["location"] for place in places}
    return _NOWHERE


def last_answer(messages: list[Message]) -> int:
    """Return the position of the last assistant message, or -1.

    >>> roles = ("user", "assistant", "user")
    >>> last_answer([Message(role, "a", {}) for role in roles])
    1
    """
    for position in range(len(messages) - 1, -1, -1):
        if messages[position].role == "assistant":
            return position
    return -1


def has_answer(messages: list[Message]) -> bool:
    """Return whether any message is the assistant's."""
    return any(message.role == "assistant" for message in messages)


def is_tool_list(tools: str | None) -> bool:
    """Return whether tools are the JSON text of a list of objects: trainers stop on anything else.

    >>> texts = ('[{"name": "f"}]', '{"name": "f"}', "f(x): squares x", None)
    >>> [is_tool_list(text) for text in texts]
    [True, False, False, False]
    """
    try:
        value = parsed_json(tools)
    except ValueError:
        return False
    return isinstance(value, list) and bool(value) and all(isinstance(tool, dict) for tool in value)


def message_of(turn: dict[str, Any]) -> Message:
    """Return a turn of a rejected answer as a message.

    >>> parts = [{"type": "text", "text": "a"}, {"type": "image"}]
    >>> message_of({"role": "assistant", "content": parts, "name": "Ann"}).content
    'a'
    """
    known = ("role", "content")
    extra = {key: value for key, value in turn.items() if key not in known and value is not None}
    role = turn.get("role", "assistant")
    content = turn.get("content")
    if isinstance(content, list):
        values = [part.get("text") for part in content if isinstance(part, dict)]
        texts = [text for text in values if isinstance(text, str)]
        return Message(role, "\n".join(texts), {**extra, "content": content})
    return Message(role, "" if content is None else str(content), extra)
