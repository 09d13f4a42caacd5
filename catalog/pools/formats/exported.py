"""The catalog's own exports: a record comes back with its source, and with the labels and metadata that its format holds."""

from __future__ import annotations

import json
from typing import Any

from catalog.json_text import json_text
from catalog.pools.conversation import Instruction
from catalog.pools.fingerprint import fingerprint
from catalog.pools.formats.alpaca import alpaca
from catalog.pools.formats.messages import messages
from catalog.pools.formats.registry import record_format
from catalog.pools.formats.sharegpt import sharegpt
from catalog.pools.reasons import Rejection

_ALWAYS = frozenset(("fingerprint", "source"))
_READERS = {"messages": messages, "conversations": sharegpt, "instruction": alpaca}
"""What reads the conversation of an export, by the key that tells its format."""
_CONVERSATION = frozenset((*_READERS, "input", "output", "system", "history", "tools", "functions"))
_REJECTED = ("rejected_messages", "rejected")
"""What an export calls rejected answers: TRL gives the shorter name another meaning."""
_MEDIA = ("media", "images", "videos", "audios")
_PERHAPS = frozenset(
    (*_CONVERSATION, *_REJECTED, *_MEDIA, "labels", "abilities", "metadata")
)  # Parquet leaves out what is null
_LABELS = ("abilities", "labels")
"""What an export calls the labels; 0.1 called them labels."""


@record_format(order=10)
def exported(record: Any) -> Instruction | Rejection | None:
    """Read a record that this catalog exported; None when its keys or its fingerprint are not those of an export.

    >>> from catalog.pools.fingerprint import fingerprint
    >>> turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]
    >>> name = fingerprint([("user", "hi", None), ("assistant", "hello", None)])
    >>> exported({"fingerprint": name, "messages": turns, "source": "gsm8k", "labels": ["easy"], "metadata": {"id": 7}})[3:9]
    ({'id': 7}, 0, None, None, 'gsm8k', ['easy'])
    >>> exported({"fingerprint": "another", "messages": turns, "source": "gsm8k"})
    """
    read = restored(record)
    if not isinstance(read, Instruction):
        return None
    try:
        found = fingerprint(
            read.messages,
            system=read.system,
            tools=read.tools,
            rejected=read.rejected,
            media=read.media,
        )
    except UnicodeEncodeError:
        return None
    return read if found == record["fingerprint"] else None


def restored(record: Any) -> Instruction | Rejection | None:
    """Read a record of a file that is known to be an export, even if the record was edited since; None for other keys."""
    if not isinstance(record, dict) or not (_ALWAYS <= record.keys() <= _ALWAYS | _PERHAPS):
        return None
    reader = next((reader for key, reader in _READERS.items() if key in record), None)
    if reader is None:
        return None
    read = reader({key: record[key] for key in record if key in _CONVERSATION})
    if not isinstance(read, Instruction):
        return read
    source, labels = (
        record["source"],
        next((record[key] for key in _LABELS if record.get(key) is not None), None),
    )
    try:
        rest = _value(record.get("metadata")) or {}
        unwanted = next((record[key] for key in _REJECTED if record.get(key) is not None), None)
        rejected, media = _text(unwanted), _text(record.get("media"))
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
    """The value that a text of JSON writes down, as in Parquet; any other value as it is."""
    return json.loads(given) if isinstance(given, str) else given


def _text(given: Any) -> str | None:
    value = _value(given)
    return json_text(value) if value else None
