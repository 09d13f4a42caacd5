"""Record formats in which instructions are published, one a file.

To add one, write a file with a function under `record_format`, and its test. Detection, the
choices of ``--format`` and its help text follow.

A format takes one record and returns an `Instruction`, a `Rejection`, or None when the record has
another shape. The format of a file is the one that fits most of its first records
(`catalog.pools.formats.detect`). The other formats are tried for a record that it does not fit.

**Storage.** Every format yields messages ``(role, content, extra)``, ``system`` and ``tools``.

====================================================  =========  ===============================
spelling of a role                                    role       addition to extra
====================================================  =========  ===============================
user, human, prompter                                 user
assistant, gpt, chatgpt, bing, bard, bot, chatbot,    assistant
model
function_call, tool_call                              assistant  ``{"from": "function_call"}``
system                                                system
developer                                             system     ``{"role": "developer"}``
tool, observation, tool_response, environment,        tool
ipython
function                                              tool       ``{"role": "function"}``
====================================================  =========  ===============================

Case does not matter. The option ``roles`` adds a spelling, which leaves nothing in extra
(`catalog.pools.roles`).

- The role of a turn is its first key of role, from, speaker and author that is not null. Its
  content is the first of content, value, text, message and parts (`catalog.pools.conversation`).
- ``extra`` is the JSON text of a message's other keys, unchanged (name, tool_calls, tool_call_id,
  weight, reasoning, ...). Keys that are null count as absent. It is None when nothing remains. NaN
  or an infinity in it rejects the record.
- A content that is one part of text becomes that text. A content of several parts, or of a part
  that holds more than text, stays whole as ``extra["content"]``. The message's content is then a
  text in its place: the texts of the parts (under text, value, content, reasoning or thinking), a
  line each, and a mark such as ``<image>`` or ``<tool_use>`` for every other part
  (`catalog.pools.message_content`). A content that is null or absent is "". A tool's content that
  is an object becomes its JSON text, and so does a tool's list that holds no parts.
- A leading system message without extra moves to ``system``; any other stays a message. An empty
  system prompt is stored as none. A system prompt of several blocks becomes their texts, a line
  each; blocks that hold more than text also stay in the metadata.
- ``tools`` is the given text, or the JSON text of the list (OpenAI's older ``functions`` too).
- The prompt of Alpaca is the instruction, and after a newline the input, if there is one. For a
  record with an instruction and a question, or with an input and a context, the prompt is
  instruction, context, input and question, a line each. Choices follow it.
- A pair, a transcript, Glaive's chat, ChatML, ``[INST]`` and ``### Instruction`` texts become
  messages without extra and without the marks. A tree with one path becomes that path; the option
  ``tree`` makes several records of one tree (`catalog.pools.formats.tree`).
- A format leaves rejected answers and media in ``rest``. `catalog.pools.rejected` and
  `catalog.pools.media` read them there for all formats.

**The way back.** These renderings have the same fingerprint when they are read again:

- messages: ``{"role": role, "content": content} | extra`` (extra wins), after
  ``{"role": "system", "content": system}``.
- sharegpt: ``from`` is ``extra["from"]`` if that is "function_call", else ``extra["role"]``, else
  human, gpt, observation or system. ``value`` is ``extra["content"]``, else content. The other keys
  of extra stay as they are. A message whose extra has a ``value`` or another ``from`` cannot be
  written so. ``system`` and ``tools`` are keys of the record.
- exported: what `catalog export` writes as jsonl or parquet, with the source, the labels and the
  metadata of the record.
- alpaca: one user message without extra, then one assistant message without extra. ``system`` and
  ``tools`` are keys of the record.

The other formats are read and never written; their messages are written as one of these.
"""

from __future__ import annotations

from catalog.pools.formats.registry import Format, RecordFormat, record_format, record_formats

__all__ = ["Format", "RecordFormat", "record_format", "record_formats"]
