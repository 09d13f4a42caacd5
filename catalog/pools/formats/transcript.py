"""One text with speaker marks: Anthropic's ``\\n\\nHuman: ... \\n\\nAssistant: ...`` and Guanaco's ``### Human: ...### Assistant: ...``."""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import ROLES, Instruction
from catalog.pools.fingerprint import Message
from catalog.pools.reasons import Rejection

KEYS = ("text", "transcript", "conversation", "dialogue", "chosen")
"""Keys under which a record may hold a transcript."""

_STYLES = (
    re.compile(r"(?:\A\s*|\n\n)(Human|Assistant): ?"),
    re.compile(r"(?:\A\s*|\s*)### (Human|Assistant): ?"),
)


def transcript(record: Any) -> Instruction | Rejection | None:
    """Read a text that begins with a human's mark, alone or under a key; None for any other text.

    One space after a mark belongs to it; everything else of a turn stays as it is.

    >>> transcript("\\n\\nHuman: hi\\n\\nAssistant: hello").messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    if isinstance(record, str):
        return _parsed(record, rest={})
    if not isinstance(record, dict):
        return None
    key = next((key for key in KEYS if isinstance(record.get(key), str)), None)
    return _parsed(record[key], rest={name: value for name, value in record.items() if name != key}) if key else None


def _parsed(text: str, *, rest: dict[str, Any]) -> Instruction | None:
    for style in _STYLES:
        first = style.match(text)
        if first and first[1] == "Human":
            pieces = style.split(text)  # "", speaker, words, speaker, words, ...
            spoken = zip(pieces[1::2], pieces[2::2], strict=True)
            messages: list[Message] = [(ROLES[speaker.lower()], words, None) for speaker, words in spoken]
            return Instruction(messages, None, None, rest)
    return None
