"""Rejected answers of a record, for all formats and in all of their spellings.

They are stored as the JSON text of a list of answers, each a list of messages ``{"role", "content",
<the keys of extra>}``. An answer that begins with a message of the assistant or a tool follows the
instruction's prompt (everything before its response). Any other answer is a whole conversation,
which differs from the chosen one before the response.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.json_text import as_list, json_text, parsed_json
from catalog.pools.conversation import Instruction, conversation
from catalog.pools.fingerprint import Message
from catalog.pools.formats.messages import are_turns, turn_list
from catalog.pools.formats.transcript import transcript

KEYS = ("rejected", "rejected_messages", "rejected_conversations")
"""Keys of rejected answers. The first readable one wins."""


def unwanted_answers(read: Instruction) -> tuple[str, str] | None:
    """Return the key of the rejected answers, and their JSON text; None without any.

    A text is one answer or a transcript. A list of turns is one answer. A list of texts or of lists
    is several answers, and so are adjacent turns of an assistant.

    >>> messages = [("user", "2+2?", None), ("assistant", "4", None)]
    >>> unwanted_answers(Instruction(messages, None, None, {"rejected": ["5"]}))
    ('rejected', '[[{"role": "assistant", "content": "5"}]]')
    """
    for key in KEYS:
        answers = _answers(read.rest.get(key))
        if not answers:
            continue
        found = [_messages(answer, read) for answer in answers]
        if all(found):
            return key, json_text(found)
    return None


def _answers(value: Any) -> list[Any]:
    """Return the rejected answers of one key, each a text, a turn or a list of turns."""
    if isinstance(value, str):
        listed = turn_list(value)
        if not _are_answers(listed):
            return [value]
        return _answers(listed)
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        return []
    if are_turns(value):
        speakers = {
            turn.get("role") or turn.get("from") for turn in value if isinstance(turn, dict)
        }
        if len(value) > 1 and speakers <= {"assistant", "gpt"}:
            return value
        return [value]
    return value


def _are_answers(value: Any) -> bool:
    """Return whether a list inside a text holds answers, and not the words of one answer."""
    return are_turns(value) or (
        isinstance(value, list) and bool(value) and all(are_turns(answer) for answer in value)
    )


def _messages(answer: Any, read: Instruction) -> list[dict[str, Any]] | None:
    """Return a rejected answer as messages, without a repeated prompt; None if unreadable."""
    if isinstance(answer, str):
        whole = transcript(answer) or Instruction([("assistant", answer, None)], None, None, {})
    else:
        whole = conversation(as_list(answer), rest={})
    if not isinstance(whole, Instruction) or not whole.messages:
        return None
    messages, n_prompt = whole.messages, _n_prompt(read.messages)
    if (
        len(messages) > n_prompt > 0
        and messages[:n_prompt] == read.messages[:n_prompt]
        and whole.system in (None, read.system)
    ):
        messages = messages[n_prompt:]
    elif whole.system not in (None, read.system):
        messages = [("system", whole.system or "", None), *messages]
    return [_written(message) for message in messages]


def _n_prompt(messages: list[Message]) -> int:
    """Count the messages before the response."""
    return max(
        (n for n, (role, _, _) in enumerate(messages) if role == "assistant"), default=len(messages)
    )


def _written(message: Message) -> dict[str, Any]:
    role, content, extra = message
    return {"role": role, "content": content} | (parsed_json(extra) or {})
