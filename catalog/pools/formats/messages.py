"""OpenAI's chat format: a list of ``{"role", "content"}`` with tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeGuard

from catalog.pools.conversation import SYSTEMS, Instruction, conversation, first_key, is_turn
from catalog.pools.formats.registry import record_format
from catalog.pools.literal import PYTHON_CELL, written_value
from catalog.pools.reasons import Rejection

KEYS = ("messages", "conversations", "conversation", "turns", "dialogue", "dialog")
"""Keys of a record's turns."""

_ROLES = ("role", "speaker", "author")


@record_format(order=40)
def messages(record: Any) -> Instruction | Rejection | None:
    """Read turns with a ``role``, ``speaker`` or ``author``; None for a record without such turns.

    >>> turns = [{"role": "user", "content": "hi"}]
    >>> messages({"messages": turns, "tools": [{"name": "f"}], "id": 1}).tools
    '[{"name": "f"}]'
    """
    return turns_under(record, lambda turn: any(key in turn for key in _ROLES))


def turns_under(
    record: Any, is_ours: Callable[[dict[str, Any]], bool]
) -> Instruction | Rejection | None:
    """Read the turns under one of KEYS, a list or its text, if the caller accepts the first one."""
    if not isinstance(record, dict):
        return None
    key = first_key(record, KEYS)
    if key is None:
        return None
    turns, notes = listed(record[key])
    if turns is None or (turns and not (isinstance(turns[0], dict) and is_ours(turns[0]))):
        return None
    read = beside(record, turns, read=(key,))
    if notes and isinstance(read, Instruction):
        return read._replace(notes=notes)
    return read


def beside(
    record: dict[str, Any], turns: list[Any], *, read: tuple[str, ...]
) -> Instruction | Rejection:
    """Read turns with the system prompt and the tools beside them.

    ``read`` are the keys of the turns.
    """
    tools_key = "tools" if record.get("tools") else "functions"
    system_key = first_key(record, SYSTEMS) or "system"
    known = (*read, "system", system_key, "tools", tools_key)
    rest = {name: value for name, value in record.items() if name not in known}
    return conversation(
        turns, rest=rest, system=record.get(system_key), tools=record.get(tools_key)
    )


def are_turns(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a value is a list that begins with a turn.

    >>> are_turns([{"role": "user", "content": "hi"}]), are_turns([]), are_turns(["hi"])
    (True, False, False)
    """
    return isinstance(value, list) and bool(value) and is_turn(value[0])


def joined(prompt: list[Any], answer: list[Any]) -> list[Any]:
    """Return the turns of a prompt and its answer, which can repeat the prompt.

    >>> joined(["q"], ["a"]), joined(["q"], ["q", "a"])
    (['q', 'a'], ['q', 'a'])
    """
    if answer[: len(prompt)] == prompt:
        return answer
    return [*prompt, *answer]


def turn_list(value: Any) -> list[Any] | None:
    """Return a list, the list of a text, or None."""
    return listed(value)[0]


def listed(value: Any) -> tuple[list[Any] | None, tuple[str, ...]]:
    """Return a list, or the list of a text in JSON or Python, and notes for the report.

    Items that are the JSON texts of turns become turns.

    >>> listed("[{'role': 'user'}]")[0], listed(['{"role": "user"}'])[0]
    ([{'role': 'user'}], [{'role': 'user'}])
    >>> listed(['{"a": 1}', "b"])[0]
    ['{"a": 1}', 'b']
    """
    is_python = False
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value, is_python = written_value(value)
        except ValueError:
            return None, ()
    if not isinstance(value, list):
        return None, ()
    if value and isinstance(value[0], str) and value[0].lstrip().startswith("{"):
        value, is_python = _written_turns(value, is_python)
    return value, (PYTHON_CELL,) if is_python else ()


def _written_turns(items: list[Any], is_python: bool) -> tuple[list[Any], bool]:
    """Return the turns of items that are all texts of turns, else the items unchanged."""
    try:
        values = [written_value(item) for item in items]
    except (ValueError, TypeError):
        return items, is_python
    if not all(is_turn(value) for value, _ in values):
        return items, is_python
    return [value for value, _ in values], is_python or any(python for _, python in values)
