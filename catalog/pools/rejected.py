"""Unwanted answers, in whatever way a record holds them; a single place behind all formats reads them.

They are stored as the JSON text of a list of answers, each a list of messages ``{"role", "content",
<the keys of extra>}``. An answer that begins with an assistant's or a tool's message follows the
instruction's prompt (what comes before its response). Any other answer is a conversation of its
own, from its first message on: it parts from the wanted one before the response.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from catalog.json_text import json_text
from catalog.pools.conversation import Instruction, conversation
from catalog.pools.fingerprint import Message
from catalog.pools.formats.messages import are_turns, turn_list
from catalog.pools.formats.transcript import transcript

KEYS = ("rejected", "rejected_messages", "rejected_conversations")
"""Keys of unwanted answers, the first that can be read."""


def unwanted_answers(read: Instruction) -> tuple[str, str] | None:
    """Return the key under which unwanted answers stand, and their JSON text; None where there are none.

    A text is one answer (or a transcript), a list of texts or of lists several ones, a list of
    turns one answer. Several turns of an assistant with nothing between them are several answers.

    >>> read = Instruction([("user", "2+2?", None), ("assistant", "4", None)], None, None, {"rejected": ["5", "6"]})
    >>> unwanted_answers(read)
    ('rejected', '[[{"role": "assistant", "content": "5"}], [{"role": "assistant", "content": "6"}]]')
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
    """The unwanted answers of one key, each a text, a turn or a list of turns."""
    if isinstance(value, str):
        listed = turn_list(value)
        return [value] if not _are_answers(listed) else _answers(listed)
    if isinstance(value, Mapping):
        return [value]
    if not isinstance(value, list):
        return []
    if are_turns(value):
        speakers = {
            turn.get("role") or turn.get("from") for turn in value if isinstance(turn, dict)
        }
        return value if len(value) > 1 and speakers <= {"assistant", "gpt"} else [value]
    return value


def _are_answers(value: Any) -> bool:
    """Whether a list that a text writes down holds answers, and not the words of one."""
    return are_turns(value) or (
        isinstance(value, list) and bool(value) and all(are_turns(answer) for answer in value)
    )


def _messages(answer: Any, read: Instruction) -> list[dict[str, Any]] | None:
    """One unwanted answer as messages, without the prompt where it repeats it; None where it cannot be read."""
    if isinstance(answer, str):
        whole = transcript(answer) or Instruction([("assistant", answer, None)], None, None, {})
    else:
        whole = conversation(answer if isinstance(answer, list) else [answer], rest={})
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
    """How many messages come before the response."""
    return max(
        (n for n, (role, _, _) in enumerate(messages) if role == "assistant"), default=len(messages)
    )


def _written(message: Message) -> dict[str, Any]:
    role, content, extra = message
    return {"role": role, "content": content} | (json.loads(extra) if extra else {})
