"""Alpaca's template as one text: ``### Instruction: ... ### Input: ... ### Response: ...``."""

from __future__ import annotations

import re
from typing import Any

from catalog.pools.conversation import Instruction, conversation
from catalog.pools.formats.exchange import is_placeholder
from catalog.pools.formats.registry import record_format
from catalog.pools.formats.transcript import KEYS, text_under
from catalog.pools.reasons import Rejection

_MARK = re.compile(
    r"(?:\A|(?<=\n))[ \t]*###[ \t]*(System|Instruction|Input|Response|Output):?[ \t]*"
    r"(?:\n|(?=\S)|\Z)"
)
_PREAMBLE = "Below is an instruction that describes a task"
_STOP = re.compile(r"\s*(?:</s>|<\|endoftext\|>|### End)?\s*\Z")


@record_format(order=140)
def alpaca_text(record: Any) -> Instruction | Rejection | None:
    """Read a text with the section marks of Alpaca's template; None for any other text.

    The text is the record, or under one of its keys. White space around a section and the
    template's own preamble are left out. Another preamble is the system prompt.

    >>> text = "### Instruction:\\nAdd.\\n\\n### Input:\\n1 2\\n\\n### Response:\\n3"
    >>> alpaca_text({"text": text}).messages
    [('user', 'Add.\\n1 2', None), ('assistant', '3', None)]
    """
    text, rest = text_under(record, KEYS) or ("", {})
    sections = _MARK.split(text)
    has_answer = not {"Response", "Output"}.isdisjoint(sections[3::2])
    if "Instruction" not in sections[1:4:2] or not has_answer:
        return None
    before = sections[0].strip()
    system = None if before.startswith(_PREAMBLE) else before or None
    turns: list[dict[str, str]] = []
    n_no_input = 0
    for mark, text in zip(sections[1::2], sections[2::2], strict=True):
        words = _STOP.sub("", text).strip()
        if mark == "System":
            system = "\n".join(filter(None, (system, words)))
        elif mark in ("Response", "Output"):
            turns.append({"role": "assistant", "content": words})
        elif mark == "Input" and turns and turns[-1]["role"] == "user":
            n_no_input += is_placeholder(words)
            turns[-1]["content"] += "" if is_placeholder(words) or not words else f"\n{words}"
        else:
            turns.append({"role": "user", "content": words})
    read = conversation(turns, rest=rest, system=system)
    return read._replace(n_no_input=n_no_input) if isinstance(read, Instruction) else read
