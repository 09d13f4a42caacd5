"""Preference data: a chosen and a rejected answer.

`catalog.pools.rejected` reads the rejected one.
"""

from __future__ import annotations

from typing import Any

from catalog.pools.conversation import Instruction
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.formats.alpaca_keys import PROMPTS
from catalog.pools.formats.messages import KEYS, are_turns, beside, joined, turn_list
from catalog.pools.formats.registry import record_format
from catalog.pools.formats.transcript import transcript
from catalog.pools.reasons import Rejection

_PAIRS = (
    ("chosen", "rejected"),
    ("chosen_messages", "rejected_messages"),
    ("chosen_conversations", "rejected_conversations"),
)


@record_format(order=20)
def preference(record: Any) -> Instruction | Rejection | None:
    """Read a record with a chosen and a rejected answer; None without both.

    The chosen answer is a whole conversation, turns after a prompt of turns (TRL's explicit
    prompt), one turn after the turns of the record, a transcript, or a text after a prompt.

    >>> preference({"prompt": "2+2?", "chosen": "4", "rejected": "5"}).messages
    [('user', '2+2?', None), ('assistant', '4', None)]
    """
    if not isinstance(record, dict):
        return None
    keys = [key for key, other in _PAIRS if record.get(key) is not None and other in record]
    if not keys:
        return None
    key = keys[0]
    chosen = record[key]
    if isinstance(chosen, str):
        return _transcript(record, key) or _text(record, key)
    whole = turn_list(chosen)
    if whole is not None:
        return _after_prompt(record, whole, key=key)
    before_key = next((name for name in KEYS if isinstance(record.get(name), list)), None)
    if before_key is None or not isinstance(chosen, dict):
        return Rejection(
            "wrong_type", f"{key} is neither a conversation, a turn after one, nor a text"
        )
    return beside(record, [*record[before_key], chosen], read=(before_key, key))


def _after_prompt(
    record: dict[str, Any], chosen: list[Any], *, key: str
) -> Instruction | Rejection:
    """Read the chosen turns, after those of the prompt unless they repeat them."""
    prompt = record.get("prompt")
    turns = joined(prompt, chosen) if are_turns(prompt) else chosen
    if turns is chosen or not are_turns(prompt):
        return beside(record, turns, read=(key,))
    rejected = dict(_PAIRS)[key]
    if len(chosen) > 1 and are_turns(record[rejected]):
        # The rejected turns also follow this prompt, which ends before the chosen turns.
        record = {**record, rejected: joined(prompt, record[rejected])}
    return beside(record, turns, read=("prompt", key))


def _transcript(record: dict[str, Any], key: str) -> Instruction | Rejection | None:
    read = transcript(record[key])
    if not isinstance(read, Instruction):
        return read
    return read._replace(rest={name: value for name, value in record.items() if name != key})


def _text(record: dict[str, Any], key: str) -> Instruction | Rejection | None:
    """Read a chosen text after a prompt, as alpaca with that answer."""
    if not any(name in record for name in PROMPTS):
        return None
    others = {name: value for name, value in record.items() if name != key}
    return alpaca({**others, "output": record[key]})
