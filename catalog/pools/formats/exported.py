"""Read the catalog's own exports.

A record is restored with its source, and with the labels and metadata of its format.
"""

from __future__ import annotations

import json
from typing import Any

from catalog.json_text import stored_json
from catalog.pools.conversation import Instruction, first_value
from catalog.pools.fingerprint import fingerprint
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.formats.messages import messages
from catalog.pools.formats.registry import record_format
from catalog.pools.formats.sharegpt import sharegpt
from catalog.pools.reasons import Rejection

_ALWAYS = frozenset(("fingerprint", "source"))
_READERS = {"messages": messages, "conversations": sharegpt, "instruction": alpaca}
"""The reader of an export's conversation, by the key that identifies its format."""

_CONVERSATION = frozenset((*_READERS, "input", "output", "system", "history", "tools", "functions"))
_REJECTED = ("rejected_messages", "rejected")
"""Keys of rejected answers: TRL gives the shorter name another meaning."""

_MEDIA = ("media", "images", "videos", "audios")
_LABELS = ("abilities", "labels")
"""Keys of labels; the second is the one of version 0.1."""

_OPTIONAL = frozenset((*_CONVERSATION, *_REJECTED, *_MEDIA, *_LABELS, "metadata"))
"""Keys that a row of Parquet leaves out if they are null."""


@record_format(order=10)
def exported(record: Any) -> Instruction | Rejection | None:
    """Read a record of an export; None if its keys or its fingerprint differ from an export's.

    >>> from catalog.pools.fingerprint import fingerprint
    >>> turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    >>> name = fingerprint([("user", "hi", None), ("assistant", "hello", None)])
    >>> record = {"fingerprint": name, "messages": turns, "source": "gsm8k", "labels": ["easy"]}
    >>> exported({**record, "metadata": {"id": 7}})[3:9]
    ({'id': 7}, 0, None, None, 'gsm8k', ['easy'])
    >>> exported({**record, "fingerprint": "another"})
    """
    read = restored(record)
    if not isinstance(read, Instruction):
        return None
    try:
        name = fingerprint(
            read.messages,
            system=read.system,
            tools=read.tools,
            rejected=read.rejected,
            media=read.media,
        )
    except UnicodeEncodeError:
        return None
    if name == record["fingerprint"]:
        return read
    return None


def restored(record: Any) -> Instruction | Rejection | None:
    """Read a record of an export file, even if the record was edited; None for other keys."""
    if not isinstance(record, dict) or not (_ALWAYS <= record.keys() <= _ALWAYS | _OPTIONAL):
        return None
    reader = next((reader for key, reader in _READERS.items() if key in record), None)
    if reader is None:
        return None
    read = reader({key: record[key] for key in record if key in _CONVERSATION})
    if not isinstance(read, Instruction):
        return read
    source, labels = record["source"], first_value(record, _LABELS)
    try:
        rest = _value(record.get("metadata")) or {}
        rejected, media = _text(first_value(record, _REJECTED)), _text(record.get("media"))
    except ValueError:
        return None
    if not (isinstance(source, str) and isinstance(rest, dict) and _are_labels(labels)):
        return None
    return read._replace(rest=rest, source=source, labels=labels, rejected=rejected, media=media)


def _are_labels(value: Any) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(label, str) for label in value)
    )


def _value(given: Any) -> Any:
    """Return the value of a JSON text, as in Parquet, and any other value unchanged."""
    return json.loads(given) if isinstance(given, str) else given


def _text(given: Any) -> str | None:
    value = _value(given)
    return stored_json(value)
