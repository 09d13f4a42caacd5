"""ChatML: one text of ``<|im_start|>user ... <|im_end|>``."""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import Instruction, conversation
from catalog.pools.formats.registry import record_format
from catalog.pools.formats.transcript import KEYS, text_under
from catalog.pools.reasons import Rejection

_START = re.compile(r"<\|im_start\|>([^\n]*)\n")
_END = "<|im_end|>"
_BETWEEN = re.compile(r"\s*(?:(?:<\|endoftext\|>|</s>)\s*)?")


@record_format(order=120)
def chatml(record: Any) -> Instruction | Rejection | None:
    """Read a text that begins with a mark of ChatML, alone or under a key; None for any other text.

    What stands between a start mark's line and its end mark is the content, as it is.

    >>> chatml("<|im_start|>user\\nhi<|im_end|>\\n<|im_start|>assistant\\nhello<|im_end|>\\n").messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    found = text_under(record, KEYS)
    if found is None or not _START.match(found[0].lstrip()):
        return None
    pieces = _START.split(found[0].lstrip())  # "", speaker, words, speaker, words, ...
    turns = []
    for speaker, words in zip(pieces[1::2], pieces[2::2], strict=True):
        content, _, after = words.partition(_END)
        if not _BETWEEN.fullmatch(after):
            return Rejection(
                "wrong_type", f"a text stands between two turns: {after.strip()[:80]!r}"
            )
        turns.append({"role": speaker.strip(), "content": content})
    return conversation(turns, rest=found[1])
