"""Records as Arrow batches, built from flat lists: a dict a record would cost more than reading it."""

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
"""One message; ``extra`` is the JSON object text of its other keys, or NULL."""

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
"""One instruction a row.

``row_number`` counts the records of the whole load from 0, quarantined ones too. ``metadata`` is the JSON object text of the keys that
were not read, or NULL. ``plain_fingerprint`` is the fingerprint without rejected answers and media where the instruction has any.
``media_files`` is what is known of the contents of its media, or NULL.
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
"""One record that was not read a row. ``position`` says where in the file: ``line 17`` (from 1), ``element 3`` or ``row 3`` (from 0),
``key q1``."""

MAX_RAW = 64 * 1024
"""Characters of a raw text that are kept."""

MAX_CHARS = 64 * 2**20
"""Characters of raw text after which a batch is full whatever its number of rows: Arrow's strings count in 32 bits."""


class BatchBuilder:
    """Collects records until they are taken as a pair of Arrow batches.

    Attributes:
        n_records: records held, quarantined ones counted.
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
        self._files: list[
            tuple[str, int]
        ] = []  # a file's name, and the place of its first instruction
        self._plain: dict[int, str] = {}  # few instructions have these two: by place
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
        """Hold one instruction.

        Raises:
            UnicodeEncodeError: one of its strings is not text; nothing is held then.
            RecursionError: one of its JSON texts is nested too deeply; nothing is held then.
        """
        messages, system, tools, rejected, media = (
            read.messages,
            read.system,
            read.tools,
            read.rejected,
            read.media,
        )
        name, plain = (
            fingerprint(messages, system=system, tools=tools, rejected=rejected, media=media),
            None,
        )
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
        """Hold one record for the quarantine, its raw text cut after MAX_RAW characters."""
        if len(raw) > MAX_RAW:
            raw = f"{raw[:MAX_RAW]} [... cut: {len(raw):,} characters]"
        detail = storable(why.detail[:1000])
        self._quarantine.append(
            (storable(file), row_number, storable(position), why.reason, detail, storable(raw))
        )
        self.n_chars += len(raw)
        self.n_records += 1

    def take(self) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """What is held, as (INSTRUCTIONS, QUARANTINE); the builder is empty afterwards."""
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
        rejected = (
            list(zip(*self._quarantine, strict=True))
            if self._quarantine
            else [()] * len(QUARANTINE)
        )
        instructions = pa.RecordBatch.from_arrays(columns, schema=INSTRUCTIONS)
        quarantine = pa.RecordBatch.from_arrays(
            [
                pa.array(values, field.type)
                for values, field in zip(rejected, QUARANTINE, strict=True)
            ],
            schema=QUARANTINE,
        )
        self._clear()
        return instructions, quarantine

    def _file_names(self) -> pa.Array:
        stops = [place for _, place in self._files[1:]] + [len(self._rows)]
        names = (
            [
                pa.repeat(name, stop - start)
                for (name, start), stop in zip(self._files, stops, strict=True)
            ]
            if self._files
            else []
        )
        return pa.concat_arrays([pa.array([], pa.string()), *names])


def _sparse(values: Mapping[int, Any], n: int, kind: pa.DataType) -> pa.Array:
    """An array of n values, NULL wherever none is given."""
    return (
        pa.array([values.get(place) for place in range(n)], kind) if values else pa.nulls(n, kind)
    )
