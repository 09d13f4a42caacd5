"""Read a text with marks of its speakers.

Anthropic writes ``\\n\\nHuman: ... \\n\\nAssistant: ...``, and Guanaco writes
``### Human: ...### Assistant: ...``.
"""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import Instruction
from catalog.pools.fingerprint import Message
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection
from catalog.pools.roles import ROLES

KEYS = ("text", "transcript", "conversation", "dialogue", "chosen")
"""Keys of a record's transcript."""

_STYLES = (
    re.compile(r"(?:\A\s*|\n\n)(Human|Assistant): ?"),
    re.compile(r"(?:\A\s*|\s*)### (Human|Assistant): ?"),
)


@record_format(order=60)
def transcript(record: Any) -> Instruction | Rejection | None:
    """Read a transcript, which begins with a human's mark; None for any other text.

    The text is the record, or under one of its keys. One space after a mark belongs to the mark;
    the rest of a turn is unchanged.

    >>> transcript("\\n\\nHuman: hi\\n\\nAssistant: hello").messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    pair = text_under(record, KEYS)
    if pair:
        return _parsed(pair[0], rest=pair[1])
    return None


def text_under(record: Any, keys: tuple[str, ...]) -> tuple[str, dict[str, Any]] | None:
    """Return a text and the record's other keys; None without a text.

    The text is the record, or under the first of the keys that holds one.

    >>> text_under({"text": "a", "id": 1}, KEYS), text_under("a", KEYS)
    (('a', {'id': 1}), ('a', {}))
    """
    if isinstance(record, str):
        return record, {}
    if not isinstance(record, dict):
        return None
    key = next((key for key in keys if isinstance(record.get(key), str)), None)
    if key is None:
        return None
    return record[key], {name: value for name, value in record.items() if name != key}


def _parsed(text: str, *, rest: dict[str, Any]) -> Instruction | None:
    for style in _STYLES:
        first = style.match(text)
        if first and first[1] == "Human":
            pieces = style.split(text)  # "", speaker, words, speaker, words, ...
            spoken = zip(pieces[1::2], pieces[2::2], strict=True)
            messages: list[Message] = [
                (ROLES[speaker.lower()], words, None) for speaker, words in spoken
            ]
            return Instruction(messages, None, None, rest)
    return None
