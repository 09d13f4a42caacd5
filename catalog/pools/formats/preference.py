"""Preference data: a chosen and a rejected answer. The chosen one is read here, the rejected one by `catalog.pools.rejected`."""

from __future__ import annotations

from typing import Any

from catalog.pools.conversation import Instruction
from catalog.pools.formats.alpaca import PROMPTS, alpaca
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
    """Read a record with a chosen and a rejected answer; None when it has not both.

    The chosen answer may be a whole conversation, turns after a prompt that is turns (TRL's
    explicit prompt), one turn after the turns of the record, a transcript, or a text after a
    prompt.

    >>> preference({"prompt": "2+2?", "chosen": "4", "rejected": "5"}).messages
    [('user', '2+2?', None), ('assistant', '4', None)]
    """
    if not isinstance(record, dict):
        return None
    key = next(
        (
            chosen
            for chosen, rejected in _PAIRS
            if record.get(chosen) is not None and rejected in record
        ),
        None,
    )
    if key is None:
        return None
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
    return _conversation(record, [*record[before_key], chosen], read=(before_key, key))


def _after_prompt(
    record: dict[str, Any], chosen: list[Any], *, key: str
) -> Instruction | Rejection:
    """Chosen turns, after those of the prompt unless they repeat them."""
    prompt = record.get("prompt")
    turns = joined(prompt, chosen) if are_turns(prompt) else chosen
    if turns is chosen or not are_turns(prompt):
        return _conversation(record, turns, read=(key,))
    rejected = dict(_PAIRS)[key]
    if len(chosen) > 1 and are_turns(record[rejected]):
        # The rejected turns follow this prompt too, which ends before what comes ahead of the
        # chosen response.
        record = {**record, rejected: joined(prompt, record[rejected])}
    return _conversation(record, turns, read=("prompt", key))


def _conversation(
    record: dict[str, Any], turns: list[Any], *, read: tuple[str, ...]
) -> Instruction | Rejection:
    return beside(record, turns, read=read)


def _transcript(record: dict[str, Any], key: str) -> Instruction | Rejection | None:
    read = transcript(record[key])
    if not isinstance(read, Instruction):
        return read
    return read._replace(rest={name: value for name, value in record.items() if name != key})


def _text(record: dict[str, Any], key: str) -> Instruction | Rejection | None:
    """A chosen text after a prompt: alpaca with that answer."""
    if not any(name in record for name in PROMPTS):
        return None
    return alpaca(
        {**{name: value for name, value in record.items() if name != key}, "output": record[key]}
    )
