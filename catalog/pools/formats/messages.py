"""OpenAI's chat shape: a list of ``{"role", "content"}`` with tools."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeGuard

from catalog.pools.conversation import Instruction, conversation
from catalog.pools.reasons import Rejection

KEYS = ("messages", "conversations", "conversation", "turns", "dialogue", "dialog")
"""Keys under which a record may hold its turns."""


def messages(record: Any) -> Instruction | Rejection | None:
    """Read a record whose turns have a ``role``; None when it has no such turns.

    >>> messages({"messages": [{"role": "user", "content": "hi"}], "tools": [{"name": "f"}], "id": 1}).tools
    '[{"name": "f"}]'
    """
    return turns_under(record, lambda turn: "role" in turn)


def turns_under(record: Any, is_ours: Callable[[dict[str, Any]], bool]) -> Instruction | Rejection | None:
    """Read the turns under one of KEYS (a list, or its JSON text), when the first one is of the caller's kind."""
    if not isinstance(record, dict):
        return None
    key = next((key for key in KEYS if key in record), None)
    turns = turn_list(record[key]) if key else None
    if key is None or turns is None or (turns and not (isinstance(turns[0], dict) and is_ours(turns[0]))):
        return None
    tools_key = "tools" if record.get("tools") else "functions"
    rest = {name: value for name, value in record.items() if name not in (key, "system", "tools", tools_key)}
    return conversation(turns, rest=rest, system=record.get("system"), tools=record.get(tools_key))


def are_turns(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list that begins with a turn.

    >>> are_turns([{"role": "user", "content": "hi"}]), are_turns([]), are_turns(["hi"])
    (True, False, False)
    """
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and ("role" in value[0] or "from" in value[0])


def joined(prompt: list[Any], answer: list[Any]) -> list[Any]:
    """The turns of a prompt and of its answer as one conversation, where the answer may repeat the prompt.

    >>> joined(["q"], ["a"]), joined(["q"], ["q", "a"])
    (['q', 'a'], ['q', 'a'])
    """
    return answer if answer[: len(prompt)] == prompt else [*prompt, *answer]


def turn_list(value: Any) -> list[Any] | None:
    """A list as it is, the list that a text writes down in JSON, or None."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            return None
    return value if isinstance(value, list) else None
