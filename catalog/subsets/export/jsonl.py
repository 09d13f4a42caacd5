"""The catalog's own lines: everything that is known of an instruction.

A line is `messages` with more keys, so whatever reads chat reads it too: ``{"fingerprint", "messages", "tools", "source", "labels",
"metadata"}``, every key in every line. The system prompt is the first message, for a trainer that reads only ``messages`` must not miss it.
"""

from __future__ import annotations

from catalog.subsets.export.messages import with_system
from catalog.subsets.export.record import Encoded, Record, tools_value


def jsonl(record: Record) -> Encoded:
    """One line with every column.

    >>> from catalog.subsets.export.record import Message
    >>> line = jsonl(Record("f", [Message("user", "hi", {})], None, None, "s", ["easy"], {"id": 7})).value
    >>> list(line), line["metadata"]
    (['fingerprint', 'messages', 'tools', 'source', 'labels', 'metadata'], {'id': 7})
    """
    value = {
        "fingerprint": record.fingerprint,
        "messages": with_system(record),
        "tools": None if record.tools is None else tools_value(record.tools),
        "source": record.source,
        "labels": record.labels,
        "metadata": record.metadata,
    }
    return Encoded(value)
