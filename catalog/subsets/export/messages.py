"""OpenAI's chat shape, as its fine-tuning takes it and TRL's SFTTrainer: ``{"messages": [{"role", "content", ...}], "tools": [...]}``.

Nothing of a conversation is lost: the system prompt is the first message, other keys of a message (name, tool_calls, tool_call_id,
weight, ...) stand beside role and content, and a content that came in parts is that list again. Source, labels and metadata stay
behind; `jsonl` and `parquet` keep them.

A record without tools has no such key. Hugging Face `datasets` fixes the type of a column by the first 10 MB of a JSON file, so a large
file whose tools or tool_calls differ in their keys may not load there; `parquet` always does.
"""

from __future__ import annotations

from typing import Any

from catalog.subsets.export.record import Encoded, Message, Record, tools_value


def messages(record: Record) -> Encoded:
    """One line of chat.

    >>> record = Record("f", [Message("user", "hi", {}), Message("assistant", "hello", {"weight": 1})], "Be kind.", None, "s", None, None)
    >>> for message in messages(record).value["messages"]:
    ...     print(message)
    {'role': 'system', 'content': 'Be kind.'}
    {'role': 'user', 'content': 'hi'}
    {'role': 'assistant', 'content': 'hello', 'weight': 1}
    """
    value: dict[str, Any] = {"messages": with_system(record)}
    if record.tools is not None:
        value["tools"] = tools_value(record.tools)
    return Encoded(value)


def with_system(record: Record) -> list[dict[str, Any]]:
    """The messages as objects, the system prompt first; what extra says wins over role and content."""
    before = [] if record.system is None else [Message("system", record.system, {})]
    return [{"role": role, "content": content, **extra} for role, content, extra in before + record.messages]
