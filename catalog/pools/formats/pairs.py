"""Pairs of a prompt and its answer.

A record is ``[{"human", "assistant"}, ...]`` (Firefly), or one ``{"user", "assistant"}``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.pools.conversation import Instruction, first_key
from catalog.pools.formats.messages import KEYS, beside, listed
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection

ASKERS = ("human", "user")
SPEAKERS = ("assistant", "gpt", "bot", "model", "chatbot")


@record_format(order=100)
def pairs(record: Any) -> Instruction | Rejection | None:
    """Read a pair of a prompt and its answer, or a list of pairs; None for anything else.

    The list is the record, or under one of its keys. The other keys of a pair in a list stay with
    its answer.

    >>> pairs([{"human": "a", "assistant": "b"}, {"human": "c", "assistant": "d"}]).messages[2:]
    [('user', 'c', None), ('assistant', 'd', None)]
    """
    if _is_pair(record):
        asker, speaker = _keys(record)
        turns = list(_turns({name: record[name] for name in (asker, speaker) if name}))
        return beside(record, turns, read=tuple(name for name in (asker, speaker) if name))
    values, around = record, {}
    keys: tuple[str, ...] = ()
    if isinstance(record, dict) and (key := first_key(record, (*KEYS, "data"))):
        values, around, keys = record[key], record, (key,)
    listed_pairs, notes = listed(values)
    if not listed_pairs or not all(map(_is_pair, listed_pairs)):
        return None
    turns = [turn for pair in listed_pairs for turn in _turns(pair)]
    read = beside(around, turns, read=keys)
    if notes and isinstance(read, Instruction):
        return read._replace(notes=notes)
    return read


def _is_pair(value: Any) -> bool:
    return isinstance(value, dict) and all(_keys(value))


def _keys(pair: dict[str, Any]) -> tuple[str | None, str | None]:
    asker = next((name for name in ASKERS if name in pair), None)
    speaker = next((name for name in SPEAKERS if name in pair), None)
    return asker, speaker


def _turns(pair: dict[str, Any]) -> Iterator[dict[str, Any]]:
    asker, speaker = _keys(pair)
    if asker and pair[asker] is not None:
        yield {"role": "user", "content": pair[asker]}
    if speaker and pair[speaker] is not None:
        others = {name: value for name, value in pair.items() if name not in (asker, speaker)}
        yield {"role": "assistant", "content": pair[speaker], **others}
