"""Records as Arrow batches, built from flat lists, which is faster than one dict per record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from catalog.json_text import check_depth
from catalog.pools.conversation import Instruction
from catalog.pools.fingerprint import fingerprint
from catalog.pools.readers.encoding import storable
from catalog.pools.reasons import Rejection
from catalog.store.media import MediaFile

MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string()), ("extra", pa.string())])
"""One message. ``extra`` is the JSON text of an object of its other keys, or NULL."""

MEDIA_FILE = pa.struct(
    [
        ("path", pa.string()),
        ("location", pa.string()),
        ("sha256", pa.string()),
        ("n_bytes", pa.int64()),
    ]
)
"""One `catalog.store.media.MediaFile`."""

INSTRUCTIONS = pa.schema(
    [
        ("row_number", pa.int64()),
        ("fingerprint", pa.string()),
        ("messages", pa.list_(MESSAGE)),
        ("system", pa.string()),
        ("tools", pa.string()),
        ("rejected", pa.string()),
        ("media", pa.string()),
        ("source", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("metadata", pa.string()),
        ("file", pa.string()),
        ("plain_fingerprint", pa.string()),
        ("media_files", pa.list_(MEDIA_FILE)),
    ]
)
"""One instruction per row.

``row_number`` counts all records of the load from 0, including quarantined ones. ``metadata`` is
the JSON text of an object of the unread keys, or NULL. ``plain_fingerprint`` is the fingerprint
without rejected answers and media, if the instruction has any. ``media_files`` describes the
contents of its media, or is NULL.
"""

QUARANTINE = pa.schema(
    [
        ("file", pa.string()),
        ("row_number", pa.int64()),
        ("position", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.string()),
    ]
)
"""One quarantined record per row.

``position`` is its place in the file: ``line 17`` (from 1), ``element 3`` or ``row 3`` (from 0),
``key q1``.
"""

MAX_RAW = 64 * 1024
"""Maximum characters of a raw text."""

MAX_CHARS = 64 * 2**20
"""Characters of text after which a batch is full: Arrow's strings count in 32 bits."""


class BatchBuilder:
    """Collector of records, which are taken as a pair of Arrow batches.

    Attributes:
        n_records: number of records, including quarantined ones.
        n_chars: characters of their contents and raw texts.
    """

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.n_records = 0
        self.n_chars = 0
        self._rows: list[int] = []
        self._fingerprints: list[str] = []
        self._offsets: list[int] = [0]
        self._roles: list[str] = []
        self._contents: list[str] = []
        self._extras: list[str | None] = []
        self._systems: list[str | None] = []
        self._tools: list[str | None] = []
        self._rejected: list[str | None] = []
        self._media: list[str | None] = []
        self._sources: list[str] = []
        self._labels: list[list[str] | None] = []
        self._metadata: list[str | None] = []
        # The name of a file, and the place of its first instruction.
        self._files: list[tuple[str, int]] = []
        # By place, since few instructions have these.
        self._plain: dict[int, str] = {}
        self._media_files: dict[int, list[dict[str, Any]]] = {}
        self._quarantine: list[tuple[str, int, str, str, str, str]] = []

    def add(
        self,
        row_number: int,
        read: Instruction,
        *,
        file: str,
        source: str,
        labels: list[str] | None,
        metadata: str | None,
        media_files: Sequence[MediaFile] = (),
    ) -> None:
        """Add one instruction.

        Raises:
            UnicodeEncodeError: one of its strings is not text. Nothing is added then.
            RecursionError: one of its JSON texts is nested too deeply. Nothing is added then.
        """
        messages, system, tools = read.messages, read.system, read.tools
        rejected, media = read.rejected, read.media
        name = fingerprint(messages, system=system, tools=tools, rejected=rejected, media=media)
        plain = None
        if rejected is not None or media is not None:
            plain = fingerprint(messages, system=system, tools=tools)
            self.n_chars += len(rejected or "") + len(media or "")
        if metadata is not None:
            metadata.encode()
            check_depth(metadata)
            self.n_chars += len(metadata)
        if tools is not None:
            self.n_chars += len(tools)
        place = len(self._rows)
        if not self._files or self._files[-1][0] != file:
            self._files.append((file, place))
        if plain is not None:
            self._plain[place] = plain
        if media_files:
            self._media_files[place] = [known._asdict() for known in media_files]
        self._rows.append(row_number)
        self._fingerprints.append(name)
        for role, content, extra in messages:
            self._roles.append(role)
            self._contents.append(content)
            self._extras.append(extra)
            self.n_chars += len(content) if extra is None else len(content) + len(extra)
        self._offsets.append(len(self._roles))
        self._systems.append(system)
        self._tools.append(tools)
        self._rejected.append(rejected)
        self._media.append(media)
        self._sources.append(source)
        self._labels.append(labels)
        self._metadata.append(metadata)
        self.n_records += 1

    def reject(
        self, row_number: int, why: Rejection, *, file: str, position: str, raw: str
    ) -> None:
        """Add one record for the quarantine, its raw text cut after MAX_RAW characters."""
        if len(raw) > MAX_RAW:
            raw = f"{raw[:MAX_RAW]} [... cut: {len(raw):,} characters]"
        detail = storable(why.detail[:1000])
        self._quarantine.append(
            (storable(file), row_number, storable(position), why.reason, detail, storable(raw))
        )
        self.n_chars += len(raw)
        self.n_records += 1

    def take(self) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """Return the records as batches (INSTRUCTIONS, QUARANTINE), and empty the builder."""
        extras = pa.array(self._extras, pa.string())
        fields = [pa.array(self._roles, pa.string()), pa.array(self._contents, pa.string()), extras]
        messages = pa.ListArray.from_arrays(
            pa.array(self._offsets, pa.int32()),
            pa.StructArray.from_arrays(fields, fields=list(MESSAGE)),
            type=INSTRUCTIONS.field("messages").type,
        )
        columns: list[Any] = [
            pa.array(self._rows, pa.int64()),
            pa.array(self._fingerprints, pa.string()),
            messages,
            pa.array(self._systems, pa.string()),
            pa.array(self._tools, pa.string()),
            pa.array(self._rejected, pa.string()),
            pa.array(self._media, pa.string()),
            pa.array(self._sources, pa.string()),
            pa.array(self._labels, pa.list_(pa.string())),
            pa.array(self._metadata, pa.string()),
            self._file_names(),
            _sparse(self._plain, len(self._rows), pa.string()),
            _sparse(self._media_files, len(self._rows), pa.list_(MEDIA_FILE)),
        ]
        instructions = pa.RecordBatch.from_arrays(columns, schema=INSTRUCTIONS)
        quarantine = self._quarantined()
        self._clear()
        return instructions, quarantine

    def _quarantined(self) -> pa.RecordBatch:
        rows = [dict(zip(QUARANTINE.names, row, strict=True)) for row in self._quarantine]
        return pa.RecordBatch.from_pylist(rows, schema=QUARANTINE)

    def _file_names(self) -> pa.Array:
        stops = [*(place for _, place in self._files), len(self._rows)][1:]
        names = [pa.array([], pa.string())]
        for (name, start), stop in zip(self._files, stops, strict=False):
            names.append(pa.repeat(name, stop - start))
        return pa.concat_arrays(names)


def _sparse(values: Mapping[int, Any], n: int, kind: pa.DataType) -> pa.Array:
    """Return an array of n values by place, with NULL at the other places."""
    if not values:
        return pa.nulls(n, kind)
    return pa.array([values.get(place) for place in range(n)], kind)
