"""Write a record's metadata as JSON text, and note values that JSON cannot hold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from catalog.json_text import stored_json
from catalog.messages import listed
from catalog.pools.tallies import add_counts

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class MetadataWriter:
    """Writer for the metadata of a file's records.

    NaN and the infinities become null, bytes are left out, dates and decimals become texts.

    Attributes:
        n_not_finite: records with NaN or an infinity in their metadata.
        bytes_keys: the number of records with bytes under each key.
    """

    def __init__(self) -> None:
        self.n_not_finite = 0
        self.bytes_keys: Counter[str] = Counter()

    def text(self, rest: Mapping[str, Any]) -> str | None:
        """Return the metadata of one record, or None.

        >>> MetadataWriter().text({"a": float("nan"), "b": b"x", "c": [1]})
        '{"a": null, "c": [1]}'
        """
        if not rest:
            return None
        try:
            return _encode(rest)
        except (TypeError, ValueError):
            return self._unlike_json(rest)

    def merge(self, later: MetadataWriter) -> None:
        """Add the counts of the records that follow."""
        self.n_not_finite += later.n_not_finite
        add_counts(self.bytes_keys, later.bytes_keys)

    def notes(self) -> list[str]:
        """Return the notes about values that JSON cannot hold."""
        findings = []
        if self.n_not_finite:
            findings.append(
                f"{self.n_not_finite:,} records have NaN or Infinity in their metadata: "
                "stored as null"
            )
        if self.bytes_keys:
            n_records = max(self.bytes_keys.values())
            findings.append(
                f"{n_records:,} records have bytes under {listed(self.bytes_keys)}: "
                "left out of the metadata"
            )
        return findings

    def _unlike_json(self, rest: Mapping[str, Any]) -> str | None:
        kept, is_finite = {}, True
        for key, value in rest.items():
            findings = _Findings()
            if not _is_bytes(value):
                kept[key] = findings.plain(value)
            if findings.has_bytes or _is_bytes(value):
                self.bytes_keys[str(key)] += 1
            is_finite = is_finite and findings.is_finite
        self.n_not_finite += not is_finite
        return stored_json(kept)


class _Findings:
    """A copy of a value without what JSON cannot hold, and what that was."""

    def __init__(self) -> None:
        self.is_finite = True
        self.has_bytes = False

    def plain(self, value: Any) -> Any:
        if isinstance(value, float) and value - value != 0:
            self.is_finite = False
            return None
        if isinstance(value, Mapping):
            self.has_bytes = self.has_bytes or any(map(_is_bytes, value.values()))
            return {key: self.plain(item) for key, item in value.items() if not _is_bytes(item)}
        if isinstance(value, list | tuple):
            self.has_bytes = self.has_bytes or any(map(_is_bytes, value))
            return [self.plain(item) for item in value if not _is_bytes(item)]
        return value


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)
