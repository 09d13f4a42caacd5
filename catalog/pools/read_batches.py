"""From source arguments to Arrow batches: every record is read, or quarantined with its reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.errors import SourceError
from catalog.pools.batch import INSTRUCTIONS, QUARANTINE, BatchBuilder
from catalog.pools.columns import Column, refuse_unknown
from catalog.pools.file_bytes import Counter
from catalog.pools.file_reader import FileReader
from catalog.pools.file_report import FileReport
from catalog.pools.media import MediaReader
from catalog.pools.options import ReadOptions
from catalog.pools.readers.frames import Frame, is_frame
from catalog.pools.source_contents import contents
from catalog.pools.sources import resolve

__all__ = ["INSTRUCTIONS", "QUARANTINE", "Batch", "FileReport", "ReadOptions", "read_batches"]


@dataclass(frozen=True)
class Batch:
    """Some records, in order.

    Attributes:
        instructions: the instructions; schema `INSTRUCTIONS`.
        quarantine: the quarantined records; schema `QUARANTINE`.
        bytes_read: bytes of all files read so far, before decompression.
        bytes_total: bytes of all files, or None if one of them has no known size.
        n_records: records read so far in the whole load, including quarantined ones.
        files: the files that ended within this batch.
    """

    instructions: pa.RecordBatch
    quarantine: pa.RecordBatch
    bytes_read: int
    bytes_total: int | None
    n_records: int
    files: tuple[FileReport, ...] = ()


def read_batches(
    sources: Sequence[str | Frame],
    options: ReadOptions | None = None,
    *,
    report: Callable[[FileReport], None] | None = None,
    media_folder: Path | None = None,
) -> Iterator[Batch]:
    """Read sources, in order, in batches; memory does not grow with the files.

    Args:
        sources: paths, folders, patterns, URLs that fsspec opens, ``-`` for standard input, or
            frames.
        options: how to read them.
        report: called with the report of each file when the file ends.
        media_folder: the folder for bytes of media, each under its sha256; None only hashes them.

    Yields:
        Batches of at most ``options.batch_size`` records. The last one, which may be empty, has the
        report of the last file.

    Raises:
        SourceError: a file cannot be read as records, or no record of all files has the key of an
            option; the reason is one of `catalog.pools.reasons.FILE_REASONS`. The batches before
            belong to the same load, and the caller must discard them.
    """
    options = options or ReadOptions()
    resolved = resolve(sources)
    sizes = [source.size for source in resolved]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    counter, builder = Counter(), BatchBuilder()
    media = MediaReader(folder=media_folder, is_hashed=options.hash_media)
    ended: list[FileReport] = []
    columns: list[Column] = []
    n_records = 0

    def batch() -> Batch:
        done = tuple(ended)
        ended.clear()
        return Batch(*builder.take(), counter.n_bytes, total, n_records, done)

    for source in resolved:
        with closing(contents(source, counter=counter)) as files:
            for content in files:
                reader = FileReader(content, options=options, builder=builder, media=media)
                for _ in reader.records(first=n_records):
                    n_records = reader.first + reader.reading.n_records
                    yield batch()
                n_records = reader.first + reader.reading.n_records
                reader.reading.n_bytes, reader.reading.sha256 = content.size_and_sha256()
                ended.append(reader.reading)
                columns += reader.columns
                if report is not None:
                    report(reader.reading)
    refuse_unknown(columns)
    yield batch()


def listed_sources(sources: Any) -> list[str | Frame]:
    """Return the sources of an argument, one or several, with paths as texts.

    >>> listed_sources(Path("a.jsonl")), listed_sources(["a.jsonl", Path("b.jsonl")])
    (['a.jsonl'], ['a.jsonl', 'b.jsonl'])

    Raises:
        SourceError: one is neither a path nor a frame, such as a record.
    """
    is_single = not isinstance(sources, Iterable) or isinstance(sources, str | os.PathLike | dict)
    given = [sources] if is_single or is_frame(sources) else list(sources)
    for source in given:
        if not (isinstance(source, str | os.PathLike) or is_frame(source)):
            kind = type(source).__name__
            raise SourceError(
                f"expected paths or frames, got a value of type {kind}",
                next_step="make a frame of records with polars.DataFrame(records)",
            )
    return [source if is_frame(source) else os.fspath(source) for source in given]
