"""Stage a load as Parquet in the scratch folder, so that its commit is short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog.pools.batch import INSTRUCTIONS, QUARANTINE
from catalog.pools.columns import refuse_unknown
from catalog.pools.file_bytes import FileBytes
from catalog.pools.file_counts import FileCounts
from catalog.pools.file_report import FileReport
from catalog.pools.options import ReadOptions
from catalog.pools.part_reader import Rows, read_part
from catalog.pools.parts import Part


@dataclass
class StagedPart:
    """One part of a load, read and written as two Parquet files.

    Attributes:
        part: the part.
        n_instructions: number of instructions.
        n_quarantined: number of quarantined records.
        has_media_files: whether an instruction has media files.
        files: the counts of its files, or of its span.
    """

    part: Part
    n_instructions: int = 0
    n_quarantined: int = 0
    has_media_files: bool = False
    files: list[FileCounts] = field(default_factory=list)

    @property
    def n_records(self) -> int:
        """Return the number of records."""
        return self.n_instructions + self.n_quarantined

    def add(self, rows: Rows) -> None:
        """Count the next records."""
        self.n_instructions += rows.instructions.num_rows
        self.n_quarantined += rows.quarantine.num_rows
        n_without = rows.instructions["media_files"].null_count
        self.has_media_files |= n_without < rows.instructions.num_rows
        self.files += rows.files


class TooManyKeysError(Exception):
    """Raised if the unread keys of a file in spans are too many to be counted exactly."""


@dataclass
class Staging:
    """Folder of a load, with the parts that were staged so far, in order.

    Attributes:
        folder: the folder.
        first_rows: the row number of each part's first record.
        n_instructions: number of instructions.
        n_quarantined: number of quarantined records.
        has_media_files: whether an instruction has media files.
        files: the counts of the files.
    """

    folder: Path
    first_rows: list[int] = field(default_factory=list)
    n_instructions: int = 0
    n_quarantined: int = 0
    has_media_files: bool = False
    files: list[FileCounts] = field(default_factory=list)

    @property
    def instructions(self) -> list[Path]:
        """Return the Parquet files of the instructions; their schema is ``INSTRUCTIONS``.

        Row numbers count from 0 within each file.
        """
        return [_path(self.folder, "instructions", n) for n in range(len(self.first_rows))]

    @property
    def quarantine(self) -> list[Path]:
        """Return the Parquet files of the quarantined records; their schema is ``QUARANTINE``."""
        return [_path(self.folder, "quarantine", n) for n in range(len(self.first_rows))]

    @property
    def media(self) -> Path:
        """Return the folder of the embedded media."""
        return _media(self.folder)

    @property
    def n_records(self) -> int:
        """Return the number of records, including quarantined ones."""
        return self.n_instructions + self.n_quarantined

    @property
    def reports(self) -> list[FileReport]:
        """Return the reports of the files."""
        return [counts.report for counts in self.files]

    @property
    def reasons(self) -> dict[str, int]:
        """Return the number of quarantined records by reason, the commonest first."""
        reasons = (Counter(report.n_quarantined) for report in self.reports)
        return dict(sum(reasons, Counter[str]()).most_common())

    def add(self, staged: StagedPart) -> None:
        """Add the next part.

        Raises:
            TooManyKeysError: a file must be read as a whole to be counted exactly.
        """
        self.first_rows.append(self.n_records)
        self.n_instructions += staged.n_instructions
        self.n_quarantined += staged.n_quarantined
        self.has_media_files |= staged.has_media_files
        if staged.part.is_continued:
            self.files[-1].merge(staged.files[0])
        else:
            self.files += staged.files
        if staged.part.whole is not None:
            _finish(self.files[-1], staged.part, staged.part.whole)

    def refuse_unknown_columns(self) -> None:
        """Refuse a load without any record that has the key of an option.

        Raises:
            SourceError: there are records, and none has the key.
        """
        refuse_unknown([column for counts in self.files for column in counts.columns])


def _finish(counts: FileCounts, part: Part, whole: FileBytes) -> None:
    """Complete the report of a file in spans after its last span."""
    if counts.unread.is_full:
        raise TooManyKeysError
    if part.span and whole.is_ended and part.span.stop == whole.n_bytes:
        counts.report.n_bytes = whole.n_bytes
        counts.report.sha256 = whole.sha256(is_sought=False)
        counts.finish()


def stage_part(
    part: Part, options: ReadOptions, *, folder: Path, progress: Callable[[int, int], object]
) -> StagedPart:
    """Read a part, and write it into the folder of its load.

    Args:
        part: the part.
        options: how to read it.
        folder: the folder of the load.
        progress: called after each batch with the part's records and bytes so far.

    Raises:
        SourceError: a file cannot be read as records.
    """
    staged = StagedPart(part)
    with (
        _writer(_path(folder, "instructions", part.number), INSTRUCTIONS) as instructions,
        _writer(_path(folder, "quarantine", part.number), QUARANTINE) as quarantine,
        ThreadPoolExecutor(1) as thread,
    ):

        def write(rows: Rows) -> None:
            instructions.write_batch(rows.instructions)
            quarantine.write_batch(rows.quarantine)

        written: Future[None] | None = None
        for rows in read_part(part, options, media_folder=_media(folder)):
            if written is not None:
                written.result()
            written = thread.submit(write, rows)  # while the next records are read
            staged.add(rows)
            progress(rows.n_records, rows.n_bytes)
        if written is not None:
            written.result()
    return staged


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(
        path, schema, compression="lz4", use_dictionary=False, write_statistics=False
    )


def _path(folder: Path, name: str, number: int) -> Path:
    return folder / f"{name}-{number:06}.parquet"


def _media(folder: Path) -> Path:
    return folder / "media"
