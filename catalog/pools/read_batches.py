"""From source arguments to Arrow batches: every record is read, or quarantined with its reason."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog.errors import SourceError
from catalog.pools.batch import INSTRUCTIONS, QUARANTINE
from catalog.pools.columns import Column, refuse_unknown
from catalog.pools.file_report import FileReport
from catalog.pools.options import ReadOptions
from catalog.pools.part_reader import read_part
from catalog.pools.parts import Part
from catalog.pools.readers.frames import Frame, is_frame
from catalog.pools.sources import resolve, total_bytes

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
    resolved = resolve(sources)
    total = total_bytes(resolved)
    columns: list[Column] = []
    part, options = Part(0, tuple(resolved)), options or ReadOptions()
    for rows in read_part(part, options, media_folder=media_folder):
        for counts in rows.files:
            columns += counts.columns
            if report is not None:
                report(counts.report)
        files = tuple(counts.report for counts in rows.files)
        instructions, quarantine = rows.instructions, rows.quarantine
        yield Batch(instructions, quarantine, rows.n_bytes, total, rows.n_records, files)
    refuse_unknown(columns)


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
