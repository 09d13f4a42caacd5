"""Counts of one file, which is read as a whole or as spans whose counts are merged in order."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.pools.columns import Column
from catalog.pools.file_report import FileReport
from catalog.pools.metadata import MetadataWriter
from catalog.pools.notes import NoteCounter
from catalog.pools.readers.records import PythonLiterals
from catalog.pools.readers.repeated import RepeatedKeys
from catalog.pools.tallies import add_counts
from catalog.pools.unread import UnreadKeys

_UNWANTED = (
    "records have label false, KTO's mark of unwanted answers: exclude them with "
    "WHERE (metadata->>'label') IS DISTINCT FROM 'false'"
)
_PREFERENCE = (
    "the chosen answer of each preference is its response; the column rejected holds the other"
)


@dataclass
class FileCounts:
    """Counts of a file's records, from which its report is completed.

    Attributes:
        report: the report, whose notes are incomplete until `finish`.
        source: the column of the sources that the options name, or None.
        labels: the column of the labels that the options name, or None.
        unread: the unread keys.
        repeated: the repeated keys.
        python: the records that are Python literals in place of JSON.
        metadata: the writer of the metadata.
        notes: the notes of records.
        n_unwanted: number of records that KTO marks as unwanted.
    """

    report: FileReport
    source: Column | None
    labels: Column | None
    unread: UnreadKeys
    repeated: RepeatedKeys
    python: PythonLiterals
    metadata: MetadataWriter = field(default_factory=MetadataWriter)
    notes: NoteCounter = field(default_factory=NoteCounter)
    n_unwanted: int = 0

    @property
    def columns(self) -> list[Column]:
        """Return the columns that the options name."""
        return [column for column in (self.source, self.labels) if column is not None]

    def merge(self, later: FileCounts) -> None:
        """Add the counts of the span that follows, as if one reader had read both."""
        report, other = self.report, later.report
        report.n_records += other.n_records
        report.n_no_input += other.n_no_input
        add_counts(report.n_quarantined, other.n_quarantined)
        add_counts(report.n_other_shapes, other.n_other_shapes)
        report.first_rejection = report.first_rejection or other.first_rejection
        for column, same in zip(self.columns, later.columns, strict=True):
            column.merge(same)
        self.unread.merge(later.unread)
        self.repeated.merge(later.repeated)
        self.python.merge(later.python)
        self.metadata.merge(later.metadata)
        self.notes.merge(later.notes)
        self.n_unwanted += later.n_unwanted

    def finish(self) -> None:
        """Complete the report with the notes about the whole file."""
        report = self.report
        report.unread, report.n_unread_keys = self.unread.named(), len(self.unread)
        report.notes += self.python.notes()
        for column in self.columns:
            report.notes += column.notes()
        for shape, n in report.n_other_shapes.items():
            report.notes.append(f"{n:,} records have another format: {shape}")
        report.notes += self.notes.notes() + self.metadata.notes() + self.repeated.notes()
        if self.n_unwanted:
            n_read = report.n_records - sum(report.n_quarantined.values())
            report.notes.append(f"{self.n_unwanted:,} of {n_read:,} {_UNWANTED}")
        if "preference" in (report.shape, *report.n_other_shapes):
            report.notes.append(_PREFERENCE)
