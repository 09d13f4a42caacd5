"""The shapes in which instructions are published: one function a file, each of the file's name, listed in FORMATS.

A format takes one record and answers with an `Instruction`, with a `Rejection`, or with None: "not
my shape". A file's shape is the one that fits most of its first records (`detect`); a record that
it does not fit is offered to the others.

**What is stored.** Every shape ends as messages ``(role, content, extra)``, ``system`` and
``tools``.

=====================================================  =========
============================================= spelling of a role
role       what extra gets =====================================================  =========
============================================= user, human, prompter
user assistant, gpt, chatgpt, bing, bard, bot, chatbot,     assistant model function_call, tool_call
assistant  ``{"from": "function_call"}`` system
system developer                                              system     ``{"role": "developer"}``
tool, observation, tool_response, environment,         tool ipython function
tool       ``{"role": "function"}`` =====================================================  =========
=============================================

Case does not matter. ``--role NAME=assistant`` adds a spelling, which leaves nothing in extra
(`catalog.pools.roles`).

- A turn's role is its first key of role, from, speaker and author that is not null; its content that of content, value, text, message
  and parts (`catalog.pools.conversation`).
- ``extra`` is the JSON text of a message's other keys as they were (name, tool_calls, tool_call_id, weight, reasoning, ...); keys
  that are null count as absent; None when there is nothing. NaN or an infinity in it costs the
  record.
- A content that is one part of text is that text. Of several parts, or of a part that is more than a text, the list itself is
  ``extra["content"]``, and content is a text that stands for it: the texts of the parts (under
  text, value, content, reasoning or thinking), a line each, and a mark such as ``<image>`` or
  ``<tool_use>`` for every other part (`catalog.pools.content`). A content that is null or absent is
  "". A tool's content that is an object is its JSON text; so is a list of a tool that holds no
  parts.
- A leading system message without extra moves to ``system``; any other stays a message. An empty system prompt is none. A system
  prompt in blocks is their texts, a line each; blocks that are more than texts stay in the metadata
  too.
- ``tools`` is the text that was given, or the JSON text of the list (OpenAI's older ``functions`` too).
- Alpaca's prompt is the instruction, and after a newline the input, if there is one. Where a record has an instruction and a
  question, or an input and a context, the prompt is instruction, context, input and question, a
  line each. Choices follow it.
- A pair, a transcript, Glaive's chat, ChatML, ``[INST]`` and ``### Instruction`` texts are messages without extra: the marks are left
  out. A tree with one path is that path; ``--tree`` makes several records of one
  (`catalog.pools.formats.tree`).
- A format leaves unwanted answers and media in ``rest``. One place behind all formats reads them there, whatever the shape:
  `catalog.pools.rejected` and `catalog.pools.media` say how.

**The way back**, which gives the same fingerprints when it is read again:

- messages: ``{"role": role, "content": content} | extra`` (extra wins), after ``{"role": "system", "content": system}``.
- sharegpt: ``from`` is ``extra["from"]`` if that is "function_call", else ``extra["role"]``, else human, gpt, observation or system;
  ``value`` is ``extra["content"]``, else content; the other keys of extra as they are. A message
  whose extra has a ``value`` or another ``from`` cannot be written so. ``system`` and ``tools`` are
  keys of the record.
- exported: what `catalog export` writes as jsonl or parquet. The record's source, labels and metadata come back too.
- alpaca: one user message without extra, then one assistant message without extra; ``system`` and ``tools`` are keys of the record.

The other shapes are read and never written: their messages are written as one of these.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from catalog.json_text import NotFiniteError
from catalog.pools.conversation import Instruction
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.formats.alpaca_text import alpaca_text
from catalog.pools.formats.chatml import chatml
from catalog.pools.formats.exported import exported
from catalog.pools.formats.gemini import gemini
from catalog.pools.formats.glaive import glaive
from catalog.pools.formats.inst import inst
from catalog.pools.formats.mapped import mapped
from catalog.pools.formats.messages import messages
from catalog.pools.formats.pairs import pairs
from catalog.pools.formats.preference import preference
from catalog.pools.formats.sharegpt import sharegpt
from catalog.pools.formats.transcript import transcript
from catalog.pools.formats.tree import tree
from catalog.pools.formats.turns import turns
from catalog.pools.reasons import Rejection
from catalog.pools.roles import given_roles

Format = Callable[[Any], Instruction | Rejection | None]

FORMATS: tuple[Format, ...] = (
    *(exported, preference, sharegpt, messages, turns, transcript, gemini, tree, alpaca),
    *(pairs, glaive, chatml, inst, alpaca_text),
)
"""In the order in which they are asked: the special before the general, and texts after the keys of which they may be a rendering."""

NAMES: tuple[str, ...] = tuple(format_.__name__ for format_ in FORMATS)

__all__ = ["FORMATS", "NAMES", "Format", "detect", "exact", "fits", "mapped", "named", "with_roles"]


def detect(records: Sequence[Any], formats: Sequence[Format] = FORMATS) -> Format | None:
    """Return the format that fits most of the records, the earlier one where two fit as many; None when none fits any.

    >>> detect([{"question": "?", "answer": "!"}]).__name__
    'alpaca'
    """
    counts: Counter[Format] = Counter()
    for record in records:
        format_ = next((format_ for format_ in formats if fits(format_, record)), None)
        if format_ is not None:
            counts[format_] += 1
    return (
        max(counts, key=lambda format_: (counts[format_], -formats.index(format_)))
        if counts
        else None
    )


def fits(format_: Format, record: Any) -> bool:
    """Return whether a record has a format's shape, whether or not it can be read.

    >>> fits(alpaca, {"question": 1}), fits(alpaca, {"text": "?"})
    (True, False)
    """
    try:
        return format_(record) is not None
    except (
        Exception
    ):  # the shape was recognised, and reading the record itself raises the same error
        return True


def named(name: str) -> Format | None:
    """Return the format of that name, or None.

    >>> named("alpaca") is alpaca, named("nothing")
    (True, None)
    """
    return next((format_ for format_ in FORMATS if format_.__name__ == name), None)


def exact(format_: Format, record: Any) -> Instruction | Rejection | None:
    """Read a record by a format, and reject it when NaN or an infinity stands in what it says.

    >>> exact(messages, {"messages": [{"role": "user", "content": "q", "weight": float("nan")}]}).reason
    'not_json'
    """
    try:
        return format_(record)
    except NotFiniteError as error:
        return Rejection("not_json", str(error))


def with_roles(format_: Format, roles: Mapping[str, str]) -> Format:
    """Return a format that reads further spellings of roles, such as ``{"narrator": "assistant"}``.

    >>> with_roles(turns, {"narrator": "assistant"})([{"role": "Narrator", "content": "hi"}]).messages
    [('assistant', 'hi', None)]
    """
    lowered = {name.strip().lower(): role for name, role in roles.items()}

    @wraps(format_)
    def read(record: Any) -> Instruction | Rejection | None:
        with given_roles(lowered):
            return format_(record)

    return read
