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
from catalog.pools.file_counts import FileCounts
from catalog.pools.file_formats import FileFormats
from catalog.pools.file_report import FileReport
from catalog.pools.files import Opened
from catalog.pools.fingerprint import TooManyMarksError
from catalog.pools.formats.alpaca_keys import keys_of
from catalog.pools.formats.registry import Format
from catalog.pools.formats.tree import expanded
from catalog.pools.labels import labels_of
from catalog.pools.layout import laid_out
from catalog.pools.media import KEYS, MediaReader
from catalog.pools.options import ReadOptions
from catalog.pools.readers.detect import container_of
from catalog.pools.readers.encoding import decoded, storable
from catalog.pools.readers.json_lines import json_lines
from catalog.pools.readers.records import PythonLiterals, Record, sampled, unforeseen
from catalog.pools.readers.repeated import RepeatedKeys
from catalog.pools.readers.tables import tabled
from catalog.pools.reasons import Rejection
from catalog.pools.refusal import first_rejection, unknown_shape
from catalog.pools.spans import Span, span_blocks
from catalog.pools.unread import UnreadKeys
from catalog.store.media import MediaFile

_SAMPLE = 100
"""Readable records that determine a file's format."""

_CONTEXT = 20
"""Characters around an invalid one in a message."""


class FileReader:
    """Reader of one file into a builder of batches.

    Args:
        content: the open file.
        options: how to read it.
        builder: takes the records.
        media: reads the media beside the turns.
        span: the part of the file to read; None for the whole file. What the file is and which
            format its records have is detected from its beginning all the same.

    Attributes:
        counts: the counts of the records read so far, with the report about the file.
        first: the row number of the file's first record.
    """

    def __init__(
        self,
        content: Opened,
        *,
        options: ReadOptions,
        builder: BatchBuilder,
        media: MediaReader,
        span: Span | None = None,
    ) -> None:
        self._options, self._builder, self._media = options, builder, media
        self._formats = FileFormats(options)
        self._file, self._span = content.source, span
        self._name, self._stem = storable(content.source.name), storable(content.source.stem)
        self._label = content.source.label
        self._container = container_of(content, options=options, is_record=self._formats.is_record)
        is_json = self._container.name.startswith("json")
        if is_json:
            self._container.records = tabled(self._container, reads=self._formats.is_whole)
        self.first = 0
        self.counts = self._counts(content, is_json=is_json)

    @property
    def is_divisible(self) -> bool:
        """Return whether the file's spans of whole lines can be read one by one."""
        reading = self.counts.report
        return reading.container == "json lines" and not (reading.encoding or reading.compression)

    def _counts(self, content: Opened, *, is_json: bool) -> FileCounts:
        source = None
        if not self._label:
            source = self._column("source column", self._options.source_column)
        labels = self._column("labels column", self._options.labels_column)
        named = (column.path for column in (source, labels) if column is not None)
        return FileCounts(
            FileReport(
                self._name,
                self._container.name,
                encoding=content.encoding,
                compression=content.compression,
                notes=self._container.notes,
            ),
            source=source,
            labels=labels,
            unread=UnreadKeys(ignored=named),
            repeated=RepeatedKeys(is_json=is_json),
            python=self._container.python,
        )

    def _column(self, option: str, path: str | None) -> Column | None:
        if path is None:
            return None
        return Column(option, path, file=self._file.name)

    def records(self, *, first: int) -> Iterator[None]:
        """Read the file, and yield each time that the builder is full."""
        self.first = first
        stream, format_ = self._opened()
        builder, reading = self._builder, self.counts.report
        row, batch_size = first, self._options.batch_size
        for position, value, raw in stream:
            read = self._read_and_add(row, value, raw, format_)
            if read is not None:
                self._reject(row, read, position=position, value=value, raw=raw)
            row += 1
            reading.n_records += 1
            if builder.n_records >= batch_size or builder.n_chars >= MAX_CHARS:
                yield
        reading.container = self._container.name
        if not (reading.n_records or self._span):
            raise SourceError(f"{self._file.name} has no records", reason="empty_file")

    def _opened(self) -> tuple[Iterator[Record], Format | None]:
        """Return the records, and the format that the first records of the file have.

        Raises:
            SourceError: records can be parsed, and none has a known format.
        """
        self._container.records = self._expanded(self._container.records)
        sample, stream = sampled(self._container, n=_SAMPLE)
        values = [value for _, value, _ in sample if not isinstance(value, Rejection)]
        format_ = self._formats.of_file(values)
        self._describe(format_, sample)
        if self._span is not None:
            stream = self._of_span(self._span)
        return stream, self._formats.lenient(format_)

    def _of_span(self, span: Span) -> Iterator[Record]:
        """Return the records of the span, and count only these."""
        self.counts.python = PythonLiterals("line")
        codec = "utf-8" if span.start else "utf-8-sig"
        blocks = decoded(span_blocks(self._file, span), codec=codec)
        records = json_lines(blocks, python=self.counts.python, n_before=span.n_lines_before)
        if self._options.layout is not None:
            records = laid_out(records, self._options.layout)
        return self._expanded(records)

    def _expanded(self, records: Iterator[Record]) -> Iterator[Record]:
        if self._options.tree is None:
            return records
        return expanded(records, mode=self._options.tree)

    def _read_and_add(
        self, row: int, value: Any, raw: str | None, format_: Format | None
    ) -> Rejection | None:
        """Read one record and add it, or return why that fails."""
        try:
            self.counts.repeated.check(value, raw)
            read = value if type(value) is Rejection else self._read(value, format_)
            if type(read) is Instruction:
                read = answered(read, prompts_only=self._options.prompts_only)
            if type(read) is Instruction:
                return self._add(row, value, read)
        except Exception as error:  # an error costs its record alone
            return unforeseen(error)
        assert isinstance(read, Rejection)
        return read

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
            self.counts.report.shape = "mapped" if self._options.fields else format_.__name__
        elif readable:
            position, value = readable[0]
            why = unknown_shape(value, self._options, position=f"{self._container.unit} {position}")
            raise SourceError(f"{self._file.name}: {why}", reason="unknown_shape")
        if self.counts.report.shape == "alpaca":
            self._describe_columns(values)

    def _describe_columns(self, values: list[Any]) -> None:
        """Note the key of each field, from the first record that has any."""
        for value in values:
            keys = keys_of(tuple(value)) if isinstance(value, dict) else None
            if keys is not None:
                named = keys._asdict().items()
                self.counts.report.columns = {
                    name: key for name, key in named if isinstance(key, str)
                }
                return

    def _read(self, value: Any, format_: Format | None) -> Instruction | Rejection:
        """Read one record by the file's format, else by another one."""
        read = format_(value) if format_ else None
        if read is not None:
            return read
        read, name = self._formats.read_by_another(value, shape=self.counts.report.shape)
        if name is not None:
            counts = self.counts.report.n_other_shapes
            counts[name] = counts.get(name, 0) + 1
        return read

    def _add(self, row: int, value: Any, read: Instruction) -> Rejection | None:
        """Add one instruction to the builder."""
        counts = self.counts
        source, labels = self._label or read.source or self._stem, read.labels
        files: list[MediaFile] = []
        # An export names its media apart from its metadata.
        if read.rest and read.source is None and not KEYS.isdisjoint(read.rest):
            read, files = self._media.attach(read, file=self._file.name)
        rest = read.rest
        try:
            if counts.source is not None:
                given, path = counts.source.of(value), counts.source.path
                source, left = source_of(given, path, rest=rest, otherwise=source)
                rest = left if read.source is None else rest
            if counts.labels is not None:
                labels = labels_of(counts.labels.of(value))
            metadata = counts.metadata.text(rest) if rest else None
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
        counts.report.n_no_input += read.n_no_input
        if read.rest or read.notes:
            counts.n_unwanted += read.rest.get("label") is False
            counts.unread.add(rest)
            counts.notes.add(read.notes, rest)
        return None

    def _reject(
        self, row: int, why: Rejection, *, position: int | str, value: Any, raw: str | None
    ) -> None:
        """Add one record to the quarantine."""
        if raw is None:
            raw = _raw(value)
        if why.reason in ("no_prompt", "no_response") and isinstance(value, dict):
            why = Rejection(why.reason, f"{why.detail}; its keys are {listed(value)}")
        where, reading = f"{self._container.unit} {position}", self.counts.report
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
