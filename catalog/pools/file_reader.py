"""Read one file: each record becomes an instruction or goes to the quarantine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from catalog.errors import SourceError
from catalog.json_text import json_text
from catalog.messages import listed
from catalog.pools.batch import MAX_CHARS, BatchBuilder
from catalog.pools.columns import Column, source_of
from catalog.pools.conversation import Instruction, answered
from catalog.pools.file_formats import FileFormats
from catalog.pools.file_report import FileReport
from catalog.pools.files import Opened
from catalog.pools.fingerprint import TooManyMarksError
from catalog.pools.formats.alpaca_keys import keys_of
from catalog.pools.formats.registry import Format
from catalog.pools.formats.tree import expanded
from catalog.pools.labels import labels_of
from catalog.pools.media import KEYS, MediaReader
from catalog.pools.metadata import MetadataWriter
from catalog.pools.notes import NoteCounter
from catalog.pools.options import ReadOptions
from catalog.pools.readers.detect import container_of
from catalog.pools.readers.encoding import storable
from catalog.pools.readers.records import Record, sampled, unforeseen
from catalog.pools.readers.repeated import RepeatedKeys
from catalog.pools.readers.tables import tabled
from catalog.pools.reasons import Rejection
from catalog.pools.refusal import first_rejection, unknown_shape
from catalog.pools.unread import UnreadKeys
from catalog.store.media import MediaFile

_SAMPLE = 100
"""Readable records that determine a file's format."""

_CONTEXT = 20
"""Characters around an invalid one in a message."""

_UNWANTED = (
    "records have label false, KTO's mark of unwanted answers: exclude them with "
    "WHERE (metadata->>'label') IS DISTINCT FROM 'false'"
)
_PREFERENCE = (
    "the chosen answer of each preference is its response; the column rejected holds the other"
)


class FileReader:
    """Reader of one file into a builder of batches.

    Attributes:
        reading: the report about the file.
        columns: the columns that options name, with their counts.
        first: the row number of the file's first record.
    """

    def __init__(
        self, content: Opened, *, options: ReadOptions, builder: BatchBuilder, media: MediaReader
    ) -> None:
        self._options, self._builder, self._media = options, builder, media
        self._formats = FileFormats(options)
        self._file = content.source
        self._name, self._stem = storable(content.source.name), storable(content.source.stem)
        self._label = content.source.label
        self._container = container_of(content, options=options, is_record=self._formats.is_record)
        if self._container.name.startswith("json"):
            self._container.records = tabled(self._container, reads=self._formats.is_whole)
        if options.tree:
            self._container.records = expanded(self._container.records, mode=options.tree)
        self.reading = FileReport(
            self._name,
            self._container.name,
            encoding=content.encoding,
            compression=content.compression,
            notes=self._container.notes,
        )
        self._source = None
        if not self._label:
            self._source = self._column("source column", options.source_column)
        self._labels = self._column("labels column", options.labels_column)
        self.columns = [column for column in (self._source, self._labels) if column is not None]
        self._unread = UnreadKeys(ignored=(column.path for column in self.columns))
        self.first = 0
        self._n_unwanted = 0
        self._notes, self._metadata = NoteCounter(), MetadataWriter()
        self._repeated = RepeatedKeys(is_json=self._container.name.startswith("json"))

    def _column(self, option: str, path: str | None) -> Column | None:
        if path is None:
            return None
        return Column(option, path, file=self._file.name)

    def records(self, *, first: int) -> Iterator[None]:
        """Read the file, and yield each time that the builder is full."""
        self.first = first
        sample, stream = sampled(self._container, n=_SAMPLE)
        values = [value for _, value, _ in sample if not isinstance(value, Rejection)]
        format_ = self._formats.of_file(values)
        self._describe(format_, sample)
        format_ = self._formats.lenient(format_)
        builder, reading, options = self._builder, self.reading, self._options
        prompts_only, batch_size, row = options.prompts_only, options.batch_size, first
        for position, value, raw in stream:
            try:
                self._repeated.check(value, raw)
                read = value if type(value) is Rejection else self._read(value, format_)
                if type(read) is Instruction:
                    read = answered(read, prompts_only=prompts_only)
                if type(read) is Instruction:
                    read = self._add(row, value, read) or read
            except Exception as error:  # an error costs its record alone
                read = unforeseen(error)
            if type(read) is Rejection:
                self._reject(row, read, position=position, value=value, raw=raw)
            row += 1
            reading.n_records += 1
            if builder.n_records >= batch_size or builder.n_chars >= MAX_CHARS:
                yield
        reading.container = self._container.name
        self._note()
        if not reading.n_records:
            raise SourceError(f"{self._file.name} has no records", reason="empty_file")

    def _describe(self, format_: Format | None, sample: list[Record]) -> None:
        """Note the file's format.

        Raises:
            SourceError: records can be parsed, and none has a known format.
        """
        readable = [
            (position, value) for position, value, _ in sample if not isinstance(value, Rejection)
        ]
        values = [value for _, value in readable]
        if format_ is not None and self._formats.fits_any(format_, values):
            self.reading.shape = "mapped" if self._options.fields else format_.__name__
        elif readable:
            position, value = readable[0]
            why = unknown_shape(value, self._options, position=f"{self._container.unit} {position}")
            raise SourceError(f"{self._file.name}: {why}", reason="unknown_shape")
        if self.reading.shape == "alpaca":
            self._describe_columns(values)

    def _describe_columns(self, values: list[Any]) -> None:
        """Note the key of each field, from the first record that has any."""
        for value in values:
            keys = keys_of(tuple(value)) if isinstance(value, dict) else None
            if keys is not None:
                named = keys._asdict().items()
                self.reading.columns = {name: key for name, key in named if isinstance(key, str)}
                return

    def _note(self) -> None:
        """Add the notes about the whole file to the report."""
        reading = self.reading
        reading.unread, reading.n_unread_keys = self._unread.named(), len(self._unread)
        for column in self.columns:
            reading.notes += column.notes()
        for shape, n in reading.n_other_shapes.items():
            reading.notes.append(f"{n:,} records have another format: {shape}")
        reading.notes += self._notes.notes() + self._metadata.notes() + self._repeated.notes()
        if self._n_unwanted:
            n_read = reading.n_records - sum(reading.n_quarantined.values())
            reading.notes.append(f"{self._n_unwanted:,} of {n_read:,} {_UNWANTED}")
        if "preference" in (reading.shape, *reading.n_other_shapes):
            reading.notes.append(_PREFERENCE)

    def _read(self, value: Any, format_: Format | None) -> Instruction | Rejection:
        """Read one record by the file's format, else by another one."""
        read = format_(value) if format_ else None
        if read is not None:
            return read
        read, name = self._formats.read_by_another(value, shape=self.reading.shape)
        if name is not None:
            counts = self.reading.n_other_shapes
            counts[name] = counts.get(name, 0) + 1
        return read

    def _add(self, row: int, value: Any, read: Instruction) -> Rejection | None:
        """Add one instruction to the builder."""
        source, labels = self._label or read.source or self._stem, read.labels
        files: list[MediaFile] = []
        # An export names its media apart from its metadata.
        if read.source is None and not KEYS.isdisjoint(read.rest):
            read, files = self._media.attach(read, file=self._file.name)
        rest = read.rest
        try:
            if self._source is not None:
                given, path = self._source.of(value), self._source.path
                source, left = source_of(given, path, rest=rest, otherwise=source)
                rest = left if read.source is None else rest
            if self._labels is not None:
                labels = labels_of(self._labels.of(value))
            metadata = self._metadata.text(rest) if rest else None
            self._builder.add(
                row,
                read,
                file=self._name,
                source=source,
                labels=labels,
                metadata=metadata,
                media_files=files,
            )
        except UnicodeEncodeError as error:
            return _bad_encoding(error)
        except TooManyMarksError as error:
            return Rejection("too_large", str(error))
        self.reading.n_no_input += read.n_no_input
        self._n_unwanted += read.rest.get("label") is False
        if rest or read.notes:
            self._unread.add(rest)
            self._notes.add(read.notes, rest)
        return None

    def _reject(
        self, row: int, why: Rejection, *, position: int | str, value: Any, raw: str | None
    ) -> None:
        """Add one record to the quarantine."""
        if raw is None:
            raw = _raw(value)
        if why.reason in ("no_prompt", "no_response") and isinstance(value, dict):
            why = Rejection(why.reason, f"{why.detail}; its keys are {listed(value)}")
        where, reading = f"{self._container.unit} {position}", self.reading
        if reading.first_rejection is None:
            reading.first_rejection = first_rejection(why, position=where)
        counts = reading.n_quarantined
        counts[why.reason] = counts.get(why.reason, 0) + 1
        self._builder.reject(row, why, file=self._file.name, position=where, raw=raw)


def _bad_encoding(error: UnicodeEncodeError) -> Rejection:
    """Return the rejection for a string that is not text."""
    is_byte = "\udc00" <= error.object[error.start] <= "\udcff"
    cause = "a byte that is not text" if is_byte else "half of a surrogate pair"
    near = error.object[max(0, error.start - _CONTEXT) : error.start + _CONTEXT]
    return Rejection("bad_encoding", f"{cause}, near {storable(near)!r}")


def _raw(value: Any) -> str:
    """Return a record without raw text as text."""
    for write in (json_text, repr):
        with suppress(Exception):
            return write(value)
    return f"a {type(value).__name__} that cannot be written as text"
