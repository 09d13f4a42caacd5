"""Llama 2 and Mistral: one text of ``[INST] ... [/INST] ...``."""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import Instruction, conversation
from catalog.pools.formats.registry import record_format
from catalog.pools.formats.transcript import KEYS, text_under
from catalog.pools.reasons import Rejection

_START = re.compile(r"\s*(?:<s>)?\s*\[INST\]")
_SYSTEM = re.compile(r"\s*<<SYS>>(.*?)<</SYS>>", re.DOTALL)
_STOP = "[/INST]"


@record_format(order=130)
def inst(record: Any) -> Instruction | Rejection | None:
    """Read a text that begins with ``[INST]``; None for any other text.

    The text is the record, or under one of its keys. White space around a turn and the marks
    ``<s>`` and ``</s>`` are left out, since chat templates add them.

    >>> inst("<s>[INST] <<SYS>>\\nBe kind.\\n<</SYS>>\\n\\nhi [/INST] hello </s>")[:2]
    ([('user', 'hi', None), ('assistant', 'hello', None)], 'Be kind.')
    """
    text, rest = text_under(record, KEYS) or ("", {})
    if not _START.match(text):
        return None
    _, *pieces = _START.split(text)
    system = _SYSTEM.match(pieces[0])
    if system:
        pieces[0] = pieces[0][system.end() :]
    turns = []
    for piece in pieces:
        prompt, mark, answer = piece.partition(_STOP)
        if not mark or _STOP in answer:
            return Rejection(
                "wrong_type", f"expected one [/INST] after [INST] in {piece.strip()[:80]!r}"
            )
        turns.append({"role": "user", "content": prompt.strip()})
        answer = answer.strip().removesuffix("</s>").rstrip()
        if answer:
            turns.append({"role": "assistant", "content": answer})
    instruction = system and system[1].strip()
    return conversation(turns, rest=rest, system=instruction)
