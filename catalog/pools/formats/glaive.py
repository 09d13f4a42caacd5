"""Glaive's function calling: a ``chat`` with marks of its speakers, and a ``system``.

The marks are ``USER:``, ``ASSISTANT:`` and ``FUNCTION RESPONSE:``.
"""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import Instruction, conversation
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection

_MARK = re.compile(r"(?:\A\s*|\n\s*\n\s*)(USER|ASSISTANT|FUNCTION RESPONSE):")
_ROLES = {"USER": "user", "ASSISTANT": "assistant", "FUNCTION RESPONSE": "tool"}
_END = "<|endoftext|>"


@record_format(order=110)
def glaive(record: Any) -> Instruction | Rejection | None:
    """Read Glaive's chat, which begins with a user's mark; None for any other record.

    White space around a turn, the end mark of an answer and the mark of the system prompt are left
    out. A call stays a text.

    >>> chat = "USER: hi\\n\\n\\nASSISTANT: hello <|endoftext|>"
    >>> glaive({"system": "SYSTEM: Be kind.", "chat": chat}).messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    text = record.get("chat") if isinstance(record, dict) else None
    first = _MARK.match(text) if isinstance(text, str) else None
    if not isinstance(text, str) or first is None or first[1] != "USER":
        return None
    pieces = _MARK.split(text)  # "", speaker, words, speaker, words, ...
    turns = [
        {"role": _ROLES[speaker], "content": words.strip().removesuffix(_END).rstrip()}
        for speaker, words in zip(pieces[1::2], pieces[2::2], strict=True)
    ]
    system = record.get("system")
    if isinstance(system, str):
        system = re.sub(r"\A\s*SYSTEM:\s*", "", system).rstrip()
    rest = {
        name: value for name, value in record.items() if name not in ("chat", "system", "tools")
    }
    return conversation(turns, rest=rest, system=system, tools=record.get("tools"))
