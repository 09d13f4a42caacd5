"""What a report tells of one file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FileReading:
    """What one file turned out to be, complete when the file is read.

    Attributes:
        file: its name as it was given; ``archive.zip!/train.jsonl`` for a member of an archive, ``book.xlsx!/Sheet1`` for a sheet.
        container: json lines, json array, json object with a list, json object keyed by id, json objects, csv, tsv, yaml, parquet,
            arrow, excel, json table; "with a header" or "of columns" follows where the rows of a
            table are the records.
        shape: the shape of most of its records, ``"mapped"`` where the map named the keys, None
            where no record could be read.
        columns: for alpaca, which key was read as what.
        encoding: such as GB18030 or UTF-16; None for UTF-8.
        compression: gzip, zstd, bzip2, xz, or None.
        n_records: records, quarantined ones counted.
        n_quarantined: how many records for each reason.
        n_no_input: placeholders that were read as no input.
        n_other_shapes: how many records of another shape than the file's, for each shape.
        first_rejection: position, reason, detail and advice of the first record that was not read;
            None where all were.
        unread: how many records have each key that was not read, for the commonest keys.
        n_unread_keys: how many different keys were not read.
        notes: what is odd about the file as a whole.
    """

    file: str
    container: str
    shape: str | None = None
    columns: dict[str, str] = field(default_factory=dict)
    encoding: str | None = None
    compression: str | None = None
    n_records: int = 0
    n_quarantined: dict[str, int] = field(default_factory=dict)
    n_no_input: int = 0
    n_other_shapes: dict[str, int] = field(default_factory=dict)
    first_rejection: dict[str, str | None] | None = None
    unread: dict[str, int] = field(default_factory=dict)
    n_unread_keys: int = 0
    notes: list[str] = field(default_factory=list)
