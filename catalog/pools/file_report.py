"""Report about one file."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class FileReport:
    """Report about one file, complete after its last record.

    Attributes:
        file: its name; ``archive.zip!/train.jsonl`` for a member of an archive,
            ``book.xlsx!/Sheet1`` for a sheet.
        container: json lines, json array, json object with a list, json object keyed by id, json
            objects, csv, tsv, yaml, parquet, arrow, excel, frame, json table; followed by "with a
            header"
            or "of columns" if the rows of a table are the records.
        shape: the format of most of its records, ``"mapped"`` if the user named the fields, None
            if no record was read.
        columns: for alpaca, the key of each field.
        encoding: the encoding, such as GB18030 or UTF-16; None for UTF-8.
        compression: gzip, zstd, bzip2, xz, or None.
        n_records: number of records, including quarantined ones.
        n_quarantined: number of quarantined records by reason.
        n_no_input: number of placeholders that were read as no input.
        n_other_shapes: number of records of other formats, by format.
        first_rejection: position, reason, detail and advice of the first quarantined record, or
            None.
        unread: number of records with each unread key, for the commonest keys.
        n_unread_keys: number of different unread keys.
        notes: notes about the file as a whole.
        n_bytes: size of the file as it is stored; of a sheet, that of its workbook; None of a
            frame.
        sha256: hash of these bytes.
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
    n_bytes: int | None = None
    sha256: str | None = None
