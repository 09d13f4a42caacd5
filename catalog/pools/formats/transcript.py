"""One text with speaker marks: Anthropic's ``\\n\\nHuman: ... \\n\\nAssistant: ...`` and Guanaco's ``### Human: ...### Assistant: ...``."""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import Instruction
from catalog.pools.fingerprint import Message
from catalog.pools.formats.registry import record_format
from catalog.pools.reasons import Rejection
from catalog.pools.roles import ROLES

KEYS = ("text", "transcript", "conversation", "dialogue", "chosen")
"""Keys under which a record may hold a transcript."""

_STYLES = (
    re.compile(r"(?:\A\s*|\n\n)(Human|Assistant): ?"),
    re.compile(r"(?:\A\s*|\s*)### (Human|Assistant): ?"),
)


@record_format(order=60)
def transcript(record: Any) -> Instruction | Rejection | None:
    """Read a text that begins with a human's mark, alone or under a key; None for any other text.

    One space after a mark belongs to it; everything else of a turn stays as it is.

    >>> transcript("\\n\\nHuman: hi\\n\\nAssistant: hello").messages
    [('user', 'hi', None), ('assistant', 'hello', None)]
    """
    found = text_under(record, KEYS)
    return _parsed(found[0], rest=found[1]) if found else None


def text_under(record: Any, keys: tuple[str, ...]) -> tuple[str, dict[str, Any]] | None:
    """Return a text, alone or under the first of the keys that holds one, and the record's other keys; None where there is none.

    >>> text_under({"text": "a", "id": 1}, KEYS), text_under("a", KEYS)
    (('a', {'id': 1}), ('a', {}))
    """
    if isinstance(record, str):
        return record, {}
    if not isinstance(record, dict):
        return None
    key = next((key for key in keys if isinstance(record.get(key), str)), None)
    return (
        (record[key], {name: value for name, value in record.items() if name != key})
        if key
        else None
    )


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
