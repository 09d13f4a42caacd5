"""Read one part of a load: every record is read, or quarantined with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from catalog.pools.batch import BatchBuilder
from catalog.pools.file_bytes import Counter
from catalog.pools.file_counts import FileCounts
from catalog.pools.file_reader import FileReader
from catalog.pools.media import MediaReader
from catalog.pools.options import ReadOptions
from catalog.pools.parts import Part
from catalog.pools.source_contents import contents


@dataclass(frozen=True)
class Rows:
    """Some records of a part, in order.

    Attributes:
        instructions: the instructions; schema `INSTRUCTIONS`.
        quarantine: the quarantined records; schema `QUARANTINE`.
        n_bytes: bytes of the part read so far, before decompression.
        n_records: records of the part read so far, including quarantined ones.
        files: the counts of the files that ended within these records.
    """

    instructions: pa.RecordBatch
    quarantine: pa.RecordBatch
    n_bytes: int
    n_records: int
    files: tuple[FileCounts, ...] = ()


def read_part(part: Part, options: ReadOptions, *, media_folder: Path | None) -> Iterator[Rows]:
    """Read a part in order; memory does not grow with its files.

    Args:
        part: the part. The report of a whole file is complete when the file ends; that of a file
            in spans is not, see `FileCounts.merge`.
        options: how to read it.
        media_folder: the folder for bytes of media, each under its sha256; None only hashes them.

    Yields:
        At most ``options.batch_size`` records. The last ones, which may be none, have the counts of
        the last file. Row numbers count from 0 within the part.

    Raises:
        SourceError: a file cannot be read as records.
    """
    counter, builder = Counter(), BatchBuilder()
    media = MediaReader(folder=media_folder, is_hashed=options.hash_media)
    ended: list[FileCounts] = []
    n_records = 0

    def rows() -> Rows:
        done = tuple(ended)
        ended.clear()
        n_bytes = part.span.n_bytes if part.span else counter.n_bytes
        return Rows(*builder.take(), n_bytes, n_records, done)

    for source in part.sources:
        with closing(contents(source, counter=counter)) as files:
            for content in files:
                reader = FileReader(
                    content, options=options, builder=builder, media=media, span=part.span
                )
                for _ in reader.records(first=n_records):
                    n_records = reader.first + reader.counts.report.n_records
                    yield rows()
                n_records = reader.first + reader.counts.report.n_records
                if part.span is None:
                    report = reader.counts.report
                    report.n_bytes, report.sha256 = content.size_and_sha256()
                    reader.counts.finish()
                ended.append(reader.counts)
    yield rows()
