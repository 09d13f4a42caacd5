"""The shapes in which instructions are published: one function a file, each of the file's name, listed in FORMATS.

A format takes one record and answers with an `Instruction`, with a `Rejection`, or with None: "not my shape". A file's shape is the
one that fits most of its first records (`detect`); a record that it does not fit is offered to the others.

**What is stored.** Every shape ends as messages ``(role, content, extra)``, ``system`` and ``tools``.

===================  =========  =============================================
spelling of a role   role       what extra gets
===================  =========  =============================================
user, human          user
assistant, gpt       assistant
function_call        assistant  ``{"from": "function_call"}``
system               system
developer            system     ``{"role": "developer"}``
tool, observation    tool
function             tool       ``{"role": "function"}``
===================  =========  =============================================

- ``extra`` is the JSON text of a message's other keys as they were (name, tool_calls, tool_call_id, weight, reasoning, ...); keys
  that are null count as absent; None when there is nothing.
- A content that is one part of text is that text. Several parts of text are joined by a newline, other parts stand in content as
  their JSON text, and in both cases the list itself is ``extra["content"]``. A content that is null or absent is "".
- A leading system message without extra moves to ``system``; any other stays a message. An empty system prompt is none.
- ``tools`` is the text that was given, or the JSON text of the list (OpenAI's older ``functions`` too).
- Alpaca's prompt is the instruction, and after a newline the input, if there is one.
- A format leaves unwanted answers and media in ``rest``. One place behind all formats reads them there, whatever the shape:
  `catalog.pools.rejected` and `catalog.pools.media` say how.

**The way back**, which gives the same fingerprints when it is read again:

- messages: ``{"role": role, "content": content} | extra`` (extra wins), after ``{"role": "system", "content": system}``.
- sharegpt: ``from`` is ``extra["from"]`` if that is "function_call", else ``extra["role"]``, else human, gpt, observation or system;
  ``value`` is ``extra["content"]``, else content; the other keys of extra as they are. A message whose extra has a ``value`` or
  another ``from`` cannot be written so. ``system`` and ``tools`` are keys of the record.
- exported: what `catalog export` writes as jsonl or parquet. The record's source, labels and metadata come back too.
- alpaca: one user message without extra, then one assistant message without extra; ``system`` is a key of the record; no tools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from catalog.pools.conversation import Instruction
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.formats.exported import exported
from catalog.pools.formats.mapped import mapped
from catalog.pools.formats.messages import messages
from catalog.pools.formats.preference import preference
from catalog.pools.formats.sharegpt import sharegpt
from catalog.pools.formats.transcript import transcript
from catalog.pools.formats.turns import turns
from catalog.pools.reasons import Rejection

Format = Callable[[Any], Instruction | Rejection | None]

FORMATS: tuple[Format, ...] = (exported, preference, sharegpt, messages, turns, transcript, alpaca)
"""In the order in which they are asked: the special before the general."""

NAMES: tuple[str, ...] = tuple(format_.__name__ for format_ in FORMATS)

__all__ = ["FORMATS", "NAMES", "Format", "detect", "fits", "mapped", "named"]


def detect(records: Sequence[Any]) -> Format | None:
    """The format that fits most of the records, the earlier one where two fit as many; None when none fits any.

    >>> detect([{"question": "?", "answer": "!"}]).__name__
    'alpaca'
    """
    counts: Counter[Format] = Counter()
    for record in records:
        format_ = next((format_ for format_ in FORMATS if fits(format_, record)), None)
        if format_ is not None:
            counts[format_] += 1
    return max(counts, key=lambda format_: (counts[format_], -FORMATS.index(format_))) if counts else None


def fits(format_: Format, record: Any) -> bool:
    """Return whether a record has a format's shape, whether or not it can be read.

    >>> fits(alpaca, {"question": 1}), fits(alpaca, {"text": "?"})
    (True, False)
    """
    try:
        return format_(record) is not None
    except Exception:  # the shape was recognised, and reading the record itself raises the same error
        return True


def named(name: str) -> Format | None:
    """The format of that name, or None.

    >>> named("alpaca") is alpaca, named("nothing")
    (True, None)
    """
    return next((format_ for format_ in FORMATS if format_.__name__ == name), None)
