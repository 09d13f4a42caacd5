"""Format `jsonl`: the catalog's own JSON Lines, with every column of an instruction.

A row is one of `messages` with more keys, so every reader of chat reads it too. Every row of a file
has the same keys:

=================  ===========================================================================
fingerprint        text
messages           list of objects with role, content and the message's other keys; the system
                   prompt comes first
tools              JSON text of a list of objects, or null
media              JSON text of a list of objects with a kind and a path or sha256, or null
source             text
abilities          list of texts, the record's labels, or null
metadata           JSON text of an object, or null
rejected_messages  JSON text of a list of answers, each a list of messages, or null; only in a
                   file with a rejected answer
functions          any other text of tools, or null; only in a file with such tools
=================  ===========================================================================

No trainer gives these names another meaning: TRL reads a column ``labels`` as token labels, and a
column ``rejected`` as turns.
"""

from __future__ import annotations

from typing import Any

from catalog.export.chat import MIXED, is_altered, turns, with_system
from catalog.export.record import Encoded, Record, is_tool_list
from catalog.export.registry import exporter
from catalog.export.survey import Survey
from catalog.json_text import stored_json


@exporter(
    "jsonl",
    layout="lines",
    suffixes=(".jsonl", ".ndjson", ".json"),
    turns="messages",
    loses="message keys of several types",
)
def jsonl(record: Record, survey: Survey) -> Encoded:
    """Return one row of chat with every column of the instruction.

    >>> from catalog.export.record import Message
    >>> turns = [Message("user", "hi", {})]
    >>> record = Record("f", turns, None, None, None, None, "s", ["easy"], '{"id": 7}')
    >>> row, = jsonl(record, Survey()).rows
    >>> row["abilities"], row["metadata"]
    (['easy'], '{"id": 7}')
    """
    is_list = is_tool_list(record.tools)
    value: dict[str, Any] = {
        "fingerprint": record.fingerprint,
        "messages": turns(with_system(record), survey),
        "tools": record.tools if is_list else None,
        "media": stored_json(record.media),
        "source": record.source,
        "abilities": record.labels,
        "metadata": record.metadata,
    }
    if survey.n_rejected:
        value["rejected_messages"] = stored_json(record.rejected)
    if survey.n_other_tools:
        value["functions"] = None if is_list else record.tools
    if is_altered(record.messages, survey):
        return Encoded([value], (MIXED,))
    return Encoded([value], ())
