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
    """Read a text that begins with a mark of ChatML; None for any other text.

    The text is the record, or under one of its keys. The content is everything between the line
    of a start mark and its end mark, unchanged.

    >>> user, assistant = "<|im_start|>user\\nhi<|im_end|>", "<|im_start|>assistant\\nyes<|im_end|>"
    >>> chatml(f"{user}\\n{assistant}\\n").messages
    [('user', 'hi', None), ('assistant', 'yes', None)]
    """
    text, rest = text_under(record, KEYS) or ("", {})
    text = text.lstrip()
    if not _START.match(text):
        return None
    pieces = _START.split(text)  # "", speaker, words, speaker, words, ...
    turns = []
    for speaker, words in zip(pieces[1::2], pieces[2::2], strict=True):
        content, _, after = words.partition(_END)
        if not _BETWEEN.fullmatch(after):
            return Rejection(
                "wrong_type", f"a text stands between two turns: {after.strip()[:80]!r}"
            )
        turns.append({"role": speaker.strip(), "content": content})
    return conversation(turns, rest=rest)
