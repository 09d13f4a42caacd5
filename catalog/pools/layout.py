"""Rename a record's parts as a trainer's description of a dataset does.

Records are renamed to the reader's own names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.pools.formats.messages import turn_list
from catalog.pools.readers.records import Record
from catalog.pools.reasons import Rejection


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Renaming of a record before `ReadOptions.fields` or `ReadOptions.format` reads it.

    Attributes:
        keys: new names of a record's keys: ``{"pictures": "images"}``.
        turns: new names of keys that hold a turn or a list of turns.
        turn_keys: new names of a turn's keys: ``{"speaker": "role"}``.
        roles: new names of a turn's roles: ``{"client": "user"}``.
        aside: keys to hide from the reader: their new name begins with ``other_``.
    """

    keys: Mapping[str, str] = field(default_factory=dict)
    turns: tuple[str, ...] = ()
    turn_keys: Mapping[str, str] = field(default_factory=dict)
    roles: Mapping[str, str] = field(default_factory=dict)
    aside: tuple[str, ...] = ()


def standard(record: Any, layout: Layout) -> Any:
    """Return a record under the reader's own names; any other value than an object unchanged.

    >>> keys = {"who": "role", "says": "content"}
    >>> turns = Layout(turns=("chat",), turn_keys=keys, roles={"client": "user"})
    >>> standard({"chat": [{"who": "client", "says": "hi"}], "id": 1}, turns)
    {'chat': [{'role': 'user', 'content': 'hi'}], 'id': 1}
    >>> standard({"q": "2+2?", "prompt": "unused"}, Layout(keys={"q": "prompt"}, aside=("prompt",)))
    {'prompt': '2+2?', 'other_prompt': 'unused'}
    """
    if not isinstance(record, dict):
        return record
    renamed = {_name(key, layout): value for key, value in record.items()}
    for key in layout.turns:
        if key in renamed:
            renamed[key] = _turns(renamed[key], layout)
    return renamed


def _name(key: Any, layout: Layout) -> Any:
    if key in layout.keys:
        return layout.keys[key]
    taken = key in layout.aside or key in layout.keys.values()
    return f"other_{key}" if taken else key


def _turns(value: Any, layout: Layout) -> Any:
    if isinstance(value, dict):
        return _turn(value, layout)
    turns = turn_list(value)
    if turns is None:
        return value
    return [_turn(turn, layout) for turn in turns]


def _turn(turn: Any, layout: Layout) -> Any:
    if not isinstance(turn, dict):
        return turn
    renamed = {layout.turn_keys.get(key, key): value for key, value in turn.items()}
    for key in ("role", "from"):
        role = renamed.get(key)
        if isinstance(role, str) and role in layout.roles:
            renamed[key] = layout.roles[role]
    return renamed


def laid_out(records: Iterator[Record], layout: Layout) -> Iterator[Record]:
    """Yield records under the reader's own names, with unchanged raw texts."""
    for position, value, raw in records:
        yield position, value if isinstance(value, Rejection) else standard(value, layout), raw
