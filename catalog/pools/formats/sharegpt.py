"""ShareGPT: ``conversations`` of ``{"from", "value"}``, as LLaMA-Factory and axolotl read it."""

from __future__ import annotations

from typing import Any

from catalog.pools.conversation import Instruction
from catalog.pools.formats.messages import turns_under
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection


@record_format(order=30)
def sharegpt(record: Any) -> Instruction | Rejection | None:
    """Read ShareGPT's turns with a ``from``; None for a record without such turns.

    >>> turns = [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "hello"}]
    >>> sharegpt({"conversations": turns}).messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    return turns_under(record, lambda turn: "from" in turn and "role" not in turn)
