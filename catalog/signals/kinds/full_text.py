"""Full-text index: the words of every instruction."""

from __future__ import annotations

from catalog.command import Command
from catalog.signals.signal_kind import SignalKind

WORDS = "words"
"""The name of the full-text index: its tokens are the words of `tokens_of`."""


KIND = SignalKind(
    name="full_text",
    noun="full-text index",
    example=WORDS,
    command=Command(("index",), "index", ("{ref}",), (("text", True),)),
    bytes_per_value=1,
    values_per_instruction=600,
)
