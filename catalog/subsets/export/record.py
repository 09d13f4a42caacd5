"""What every format is given: one instruction, its JSON texts read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pyarrow as pa


class Message(NamedTuple):
    """One message: role (system, user, assistant or tool), content, and its other keys, an empty dict where there are none.

    Two of these keys say how the message was spelt and win over role and content: ``content`` (a list of parts, of which `content`
    is the text) and ``role`` ("developer", "function"); ``from`` is "function_call" for a call that ShareGPT wrote as a turn.
    """

    role: str
    content: str
    extra: dict[str, Any]


class Record(NamedTuple):
    """One instruction as it is exported. ``tools`` is a text, the JSON text of a list as a rule; ``metadata`` is an object."""

    fingerprint: str
    messages: list[Message]
    system: str | None
    tools: str | None
    rejected: list[list[dict[str, Any]]] | None
    media: list[dict[str, Any]] | None
    source: str
    labels: list[str] | None
    metadata: dict[str, Any] | None


class Encoded(NamedTuple):
    """What one instruction becomes, and why that is less than it was: one cause for each thing lost."""

    value: dict[str, Any]
    lost: tuple[str, ...] = ()


_PLAIN: dict[str, Any] = {}


def records(batch: pa.RecordBatch) -> Iterator[Record]:
    """The instructions of a batch, in its order.

    Args:
        batch: columns fingerprint string, messages list<struct<role string, content string, extra string>>, system string, tools
            string, source string, labels list<string>, metadata string; extra and metadata are JSON object texts; extra, system,
            tools, labels and metadata may be NULL.

    >>> batch = pa.RecordBatch.from_pylist([{"fingerprint": "f", "messages": [{"role": "user", "content": "hi", "extra": '{"a": 1}'}],
    ...     "system": None, "tools": None, "rejected": None, "media": None, "source": "s", "labels": None, "metadata": None}])
    >>> next(records(batch)).messages
    [Message(role='user', content='hi', extra={'a': 1})]
    """
    column = batch.column("messages")
    lengths = column.value_lengths().to_pylist()
    # Flat lists are several times faster than a list of dicts for each record.
    turns = column.flatten()
    roles, contents, extras = (turns.field(name).to_pylist() for name in ("role", "content", "extra"))
    names = ("fingerprint", "system", "tools", "rejected", "media", "source", "labels", "metadata")
    rows = zip(lengths, *(batch.column(name).to_pylist() for name in names), strict=True)
    start = 0
    for length, fingerprint, system, tools, rejected, media, source, labels, metadata in rows:
        stop = start + length
        messages = [
            Message(role, content, json.loads(extra) if extra else _PLAIN)
            for role, content, extra in zip(roles[start:stop], contents[start:stop], extras[start:stop], strict=True)
        ]
        unwanted, references, others = (json.loads(text) if text else None for text in (rejected, media, metadata))
        yield Record(fingerprint, messages, system, tools, unwanted, references, source, labels, others)
        start = stop


def last_answer(messages: list[Message]) -> int:
    """The position of the last assistant message, or -1.

    >>> last_answer([Message("user", "a", {}), Message("assistant", "b", {}), Message("user", "c", {})])
    1
    """
    return max((position for position, message in enumerate(messages) if message.role == "assistant"), default=-1)


def tools_value(tools: str) -> Any:
    """Tools as the list or object that their text writes down, or the text itself.

    >>> tools_value('[{"name": "f"}]'), tools_value("f(x): squares x")
    ([{'name': 'f'}], 'f(x): squares x')
    """
    try:
        value = json.loads(tools)
    except ValueError:
        return tools
    return value if isinstance(value, list | dict) else tools
