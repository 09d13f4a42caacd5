"""From source arguments to Arrow batches: every record is read, or quarantined with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.errors import SourceError, listed
from catalog.json_text import json_text
from catalog.pools.batch import INSTRUCTIONS, MAX_CHARS, QUARANTINE, BatchBuilder
from catalog.pools.columns import Column, refuse_unknown, source_of
from catalog.pools.contents import contents
from catalog.pools.conversation import Instruction, answered
from catalog.pools.file_reading import FileReading
from catalog.pools.files import Counter, Opened
from catalog.pools.fingerprint import TooManyMarksError
from catalog.pools.formats.alpaca import columns
from catalog.pools.formats.detect import detect, exact, fits, with_roles
from catalog.pools.formats.exported import exported, restored
from catalog.pools.formats.mapped import mapped
from catalog.pools.formats.registry import Format, formats, named
from catalog.pools.formats.tree import expanded
from catalog.pools.labels import labels_of
from catalog.pools.media import KEYS, MediaReader
from catalog.pools.metadata import MetadataWriter
from catalog.pools.options import ReadOptions
from catalog.pools.readers.detect import container_of
from catalog.pools.readers.encoding import storable
from catalog.pools.readers.records import Container, Record, sampled, unforeseen
from catalog.pools.readers.repeated import RepeatedKeys
from catalog.pools.readers.tables import tabled
from catalog.pools.reasons import Rejection, kind_of
from catalog.pools.refusal import first_rejection, unknown_shape
from catalog.pools.said import Said
from catalog.pools.sources import resolve
from catalog.pools.unread import UnreadKeys
from catalog.store.media import MediaFile

__all__ = ["INSTRUCTIONS", "QUARANTINE", "Batch", "FileReading", "ReadOptions", "read_batches"]

_SAMPLE = 100
"""Readable records that decide a file's shape."""

_UNWANTED = "records have label false, KTO's mark of unwanted answers: leave them out with WHERE (metadata->>'label') IS DISTINCT FROM 'false'"
_PREFERENCE = "the chosen answer of each preference is its response; the rejected one is in the column rejected"


@dataclass(frozen=True)
class Batch:
    """Some records, in order.

    Attributes:
        instructions: those that were read; schema `INSTRUCTIONS`.
        quarantine: those that were not; schema `QUARANTINE`.
        bytes_read: bytes of all files read so far, as they lie there (compressed).
        bytes_total: bytes of all files, or None when one of them does not say.
        n_records: records read so far in the whole load, quarantined ones counted.
        files: the files that ended within this batch.
    """

    instructions: pa.RecordBatch
    quarantine: pa.RecordBatch
    bytes_read: int
    bytes_total: int | None
    n_records: int
    files: tuple[FileReading, ...] = ()


def read_batches(
    sources: Sequence[str],
    options: ReadOptions | None = None,
    *,
    report: Callable[[FileReading], None] | None = None,
    media_folder: Path | None = None,
) -> Iterator[Batch]:
    """Read sources, in order, in batches; memory does not grow with the files.

    Args:
        sources: paths, folders, patterns, URLs that fsspec opens, ``-`` for standard input.
        options: how to read them.
        report: is called with each file's reading when the file ends.
        media_folder: where bytes of media are kept, each under the name of its sha256; None only hashes them.

    Yields:
        batches of at most ``options.batch_size`` records; the last one (perhaps empty) holds the last file's reading.

    Raises:
        SourceError: a file cannot be read as records at all, or no record of all files has the key of an option;
            `catalog.pools.reasons.FILE_REASONS` lists why. What was yielded before belongs to the
            same load and is the caller's to drop.
    """
    options = options or ReadOptions()
    found = resolve(sources)
    sizes = [source.size for source in found]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    counter, builder = Counter(), BatchBuilder()
    media = MediaReader(folder=media_folder, is_hashed=options.hash_media)
    ended: list[FileReading] = []
    asked: list[Column] = []
    n_records = 0

    def batch() -> Batch:
        done = tuple(ended)
        ended.clear()
        return Batch(*builder.take(), counter.n_bytes, total, n_records, done)

    for source in found:
        with closing(contents(source, counter=counter)) as files:
            for content in files:
                reader = _FileReader(content, options=options, builder=builder, media=media)
                for _ in reader.records(first=n_records):
                    n_records = reader.first + reader.reading.n_records
                    yield batch()
                n_records = reader.first + reader.reading.n_records
                ended.append(reader.reading)
                asked += reader.asked
                if report is not None:
                    report(reader.reading)
    refuse_unknown(asked)
    yield batch()


class _FileReader:
    """Reads one file into the builder."""

    def __init__(
        self, content: Opened, *, options: ReadOptions, builder: BatchBuilder, media: MediaReader
    ) -> None:
        self._options = options
        self._builder = builder
        given = mapped(options.fields) if options.fields else named(options.format)
        self._formats = (
            tuple(with_roles(format_, options.roles) for format_ in formats())
            if options.roles
            else formats()
        )
        self._given = with_roles(given, options.roles) if given and options.roles else given
        self._file = content.source
        self._name, self._stem = storable(content.source.name), storable(content.source.stem)
        self._label, self._media = content.source.label, media
        self._container = container_of(content, options=options, is_record=self._is_record)
        self._reshape(self._container)
        self.reading = FileReading(
            self._name,
            self._container.name,
            encoding=content.encoding,
            compression=content.compression,
            notes=self._container.notes,
        )
        self._source = None if self._label else self._column("source column", options.source_column)
        self._labels = self._column("labels column", options.labels_column)
        self.asked = [column for column in (self._source, self._labels) if column is not None]
        self._unread = UnreadKeys(ignored=(column.path for column in self.asked))
        self.first = 0
        self._n_unwanted = 0
        self._said, self._metadata, self._repeated = (
            Said(),
            MetadataWriter(),
            RepeatedKeys(is_json=self._container.name.startswith("json")),
        )

    def _column(self, option: str, path: str | None) -> Column | None:
        return None if path is None else Column(option, path, file=self._file.name)

    def _is_record(self, value: Any) -> bool:
        return (
            fits(self._given, value) if self._given else detect([value], self._formats) is not None
        )

    def _is_whole(self, value: Any) -> bool:
        """Whether a value is a record that can be read."""
        format_ = self._given or detect([value], self._formats)
        read = exact(format_, value) if format_ else None
        return isinstance(read, Instruction) and isinstance(
            answered(read, prompts_only=self._options.prompts_only), Instruction
        )

    def _reshape(self, container: Container) -> None:
        """Make records of the rows of tables and of the paths of trees."""
        if container.name.startswith("json"):
            container.records = tabled(container, reads=self._is_whole)
        if self._options.tree:
            container.records = expanded(container.records, mode=self._options.tree)

    def records(self, *, first: int) -> Iterator[None]:
        """Read the file; yields whenever the builder is full."""
        self.first = first
        sample, stream = sampled(self._container, n=_SAMPLE)
        detected = self._given or detect(
            [value for _, value, _ in sample if not isinstance(value, Rejection)], self._formats
        )
        self._describe(detected, sample)
        format_ = self._lenient(detected)
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
            except Exception as error:  # whatever a record holds, it costs that record alone
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
            raise SourceError(f"{self._file.name} holds no record", reason="empty_file")

    def _lenient(self, format_: Format | None) -> Format | None:
        """The file's format, for exports the one that takes records which were edited since."""
        if format_ is None or format_.__name__ != exported.__name__:
            return format_
        return with_roles(restored, self._options.roles) if self._options.roles else restored

    def _describe(self, format_: Format | None, sample: list[Record]) -> None:
        """Note the file's shape.

        Raises:
            SourceError: records can be read, and none has a known shape.
        """
        readable = [
            (position, value) for position, value, _ in sample if not isinstance(value, Rejection)
        ]
        if format_ is not None and any(fits(format_, value) for _, value in readable):
            self.reading.shape = "mapped" if self._options.fields else format_.__name__
        elif readable:
            position, value = readable[0]
            why = unknown_shape(value, self._options, position=f"{self._container.unit} {position}")
            raise SourceError(f"{self._file.name}: {why}", reason="unknown_shape")
        if self.reading.shape == "alpaca":
            self._describe_columns([value for _, value in readable])

    def _note(self) -> None:
        """Note what its records are that an instruction does not show."""
        reading = self.reading
        reading.unread, reading.n_unread_keys = self._unread.named(), len(self._unread)
        reading.notes += [note for column in self.asked for note in column.notes()]
        reading.notes += [
            f"{n:,} records have another shape: {shape}"
            for shape, n in reading.n_other_shapes.items()
        ]
        reading.notes += self._said.notes() + self._metadata.notes() + self._repeated.notes()
        if self._n_unwanted:
            n_read = reading.n_records - sum(reading.n_quarantined.values())
            reading.notes.append(f"{self._n_unwanted:,} of {n_read:,} {_UNWANTED}")
        if "preference" in (reading.shape, *reading.n_other_shapes):
            reading.notes.append(_PREFERENCE)

    def _describe_columns(self, values: list[Any]) -> None:
        first = next(
            found
            for found in (columns(tuple(value)) for value in values if isinstance(value, dict))
            if found
        )
        self.reading.columns = {
            name: key for name, key in first._asdict().items() if isinstance(key, str)
        }

    def _read(self, value: Any, format_: Format | None) -> Instruction | Rejection:
        """One record by the file's format, else by another one."""
        read = format_(value) if format_ else None
        if read is not None:
            return read
        if self._given is None:
            for other in self._formats:
                read = other(value)
                if read is not None:
                    counts = self.reading.n_other_shapes
                    counts[other.__name__] = counts.get(other.__name__, 0) + 1
                    return read
        found = (
            f"its keys are {listed(value)}"
            if isinstance(value, dict)
            else f"it is {kind_of(value)}"
        )
        return Rejection("unknown_shape", f"none of the keys of {self.reading.shape}; {found}")

    def _add(self, row: int, value: Any, read: Instruction) -> Rejection | None:
        """Hand one instruction to the builder."""
        source, labels = self._label or read.source or self._stem, read.labels
        files: list[MediaFile] = []
        if read.source is None and not KEYS.isdisjoint(
            read.rest
        ):  # an export names its media apart from its metadata
            read, files = self._media.attach(read, file=self._file.name)
        rest = read.rest
        try:
            if self._source is not None:
                source, left = source_of(
                    self._source.of(value), self._source.path, rest=rest, otherwise=source
                )
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
            what = (
                "a byte that is not text"
                if "\udc00" <= error.object[error.start] <= "\udcff"
                else "half of a surrogate pair"
            )
            return Rejection(
                "bad_encoding",
                f"{what}, near {storable(error.object[max(0, error.start - 20) : error.start + 20])!r}",
            )
        except TooManyMarksError as error:
            return Rejection("too_large", str(error))
        self.reading.n_no_input += read.n_no_input
        self._n_unwanted += read.rest.get("label") is False
        if rest or read.notes:
            self._unread.add(rest)
            self._said.add(read.notes, rest)
        return None

    def _reject(
        self, row: int, why: Rejection, *, position: int | str, value: Any, raw: str | None
    ) -> None:
        if raw is None:
            raw = _raw(value)
        if why.reason in ("no_prompt", "no_response") and isinstance(value, dict):
            why = Rejection(why.reason, f"{why.detail}; its keys are {listed(value)}")
        where = f"{self._container.unit} {position}"
        self.reading.first_rejection = self.reading.first_rejection or first_rejection(
            why, position=where
        )
        counts = self.reading.n_quarantined
        counts[why.reason] = counts.get(why.reason, 0) + 1
        self._builder.reject(row, why, file=self._file.name, position=where, raw=raw)


def _raw(value: Any) -> str:
    """A record that has no text of its own, as text."""
    for write in (json_text, repr):
        with suppress(Exception):
            return write(value)
    return f"a {type(value).__name__} that cannot be written as text"
