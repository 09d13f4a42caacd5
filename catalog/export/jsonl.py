"""The catalog's own lines: everything that is known of an instruction.

A line is `messages` with more keys, so whatever reads chat reads it too. Every line of a file has the same keys:

=================
===============================================================================================================
fingerprint        text messages           list of objects with role, content and the message's
other keys; the system prompt is the first tools              JSON text of a list of objects, or
null media              JSON text of a list of objects with a kind and a path or sha256, or null
source             text abilities          list of texts, the record's labels, or null metadata
JSON text of an object, or null rejected_messages  JSON text of a list of answers, each a list of
messages, or null; only in a file that has one functions          any other text of tools, or null;
only in a file that has one =================
===============================================================================================================

The names are those to which no trainer gives another meaning: TRL takes a column ``labels`` for
token labels, and one called ``rejected`` for turns.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, is_altered, turns, with_system
from catalog.export.record import Encoded, Record, is_tool_list
from catalog.export.survey import Survey
from catalog.json_text import json_text


def jsonl(record: Record, survey: Survey) -> Encoded:
    """One line with every column.

    >>> from catalog.export.record import Message
    >>> line, = jsonl(Record("f", [Message("user", "hi", {})], None, None, None, None, "s", ["easy"], '{"id": 7}'), Survey()).rows
    >>> line["abilities"], line["metadata"]
    (['easy'], '{"id": 7}')
    """
    is_list = is_tool_list(record.tools)
    value: dict[str, Any] = {
        "fingerprint": record.fingerprint,
        "messages": turns(with_system(record), survey),
        "tools": record.tools if is_list else None,
        "media": json_text(record.media) if record.media else None,
        "source": record.source,
        "abilities": record.labels,
        "metadata": record.metadata,
    }
    if survey.n_rejected:
        value["rejected_messages"] = json_text(record.rejected) if record.rejected else None
    if survey.n_other_tools:
        value["functions"] = None if is_list else record.tools
    return Encoded([value], (MIXED,) if is_altered(record.messages, survey) else ())
