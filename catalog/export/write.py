"""One export while it is written: two passes over its records, the first to see what they have, the second to write them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, Any

import pyarrow as pa

from catalog.export.alpaca import alpaca
from catalog.export.axolotl import axolotl
from catalog.export.chat import announce
from catalog.export.dates import DATES, Dates
from catalog.export.dpo import dpo
from catalog.export.json_line import json_bytes
from catalog.export.jsonl import jsonl
from catalog.export.llamafactory import llamafactory
from catalog.export.messages import messages
from catalog.export.parquet import parquet
from catalog.export.record import Encoded, Record, records
from catalog.export.report import Tally
from catalog.export.sharegpt import sharegpt
from catalog.export.survey import Survey
from catalog.export.trainer import check_fits, unread
from catalog.selection.run import member_lines

Batches = Callable[[], Iterable[pa.RecordBatch]]
"""Gives the batches of an export from their start, as often as it is called."""

Encode = Callable[[Record, Survey], Encoded]

LINES: dict[str, Encode] = {"jsonl": jsonl, "messages": messages, "dpo": dpo}
ARRAYS: dict[str, Encode] = {"alpaca": alpaca, "sharegpt": sharegpt}
FOLDERS: dict[str, Encode] = {"llamafactory": llamafactory, "axolotl": axolotl}
ENCODERS: dict[str, Encode] = {**LINES, **ARRAYS, **FOLDERS}
TURNS = {
    "jsonl": "messages",
    "messages": "messages",
    "axolotl": "messages",
    "dpo": "prompt",
    "sharegpt": "conversations",
}
"""The key of a line's turns, by each format that writes the keys of messages as they are."""


@dataclass(kw_only=True)
class Work:
    """One export while it is written.

    Attributes:
        batches: its records.
        order_matters: whether they train in their order and in no other.
        media_folder: where the catalog keeps embedded media.
        tally: what was counted.
        members: the hash of the fingerprints in the order written.
    """

    batches: Batches
    order_matters: bool
    media_folder: Path | None
    tally: Tally
    members: hashlib._Hash = field(default_factory=hashlib.sha256)

    def survey(self) -> Survey:
        """Go over the records for the first time.

        Raises:
            OptionError: no record has what the format is for.
        """
        survey = Survey(
            order_matters=self.order_matters,
            media_folder=self.media_folder,
            with_rejected=self.tally.format == "dpo",
        )
        survey.read(self.batches())
        check_fits(self.tally.format, survey)
        return survey

    def write_parquet(self, file: IO[bytes], survey: Survey) -> None:
        """Write them as Parquet."""
        self.tally.n_instructions = self.tally.n_rows = parquet(self._hashed(), file, survey=survey)

    def write_lines(self, file: IO[bytes], survey: Survey) -> None:
        """Write them as JSON Lines: one object a line, every line ended."""
        for lines in self._encoded(survey):
            file.write(b"\n".join(lines) + b"\n")
        self.tally.check()

    def write_array(self, file: IO[bytes], survey: Survey) -> None:
        """Write them as one JSON array, each element on a line of its own."""
        before = b"[\n"
        for lines in self._encoded(survey):
            file.write(before + b",\n".join(lines))
            before = b",\n"
        file.write(b"\n]\n" if self.tally.n_rows else b"[]\n")
        self.tally.check()

    def _encoded(self, survey: Survey) -> Iterator[list[bytes]]:
        """The JSON texts of each batch that has rows."""
        dates = Dates()
        for batch in self._hashed():
            lines = []
            for record in records(batch):
                for row in self._rows(record, survey):
                    dates.add(row)
                    lines.append(json_bytes(row))
            if lines:
                yield lines
        if dates.are_found():
            self.tally.lose_all(DATES)

    def _rows(self, record: Record, survey: Survey) -> list[dict[str, Any]]:
        format = self.tally.format
        rows, lost = ENCODERS[format](record, survey)
        if rows and not self.tally.n_rows and format in TURNS:
            announce(rows[0], survey, turns=TURNS[format])
        self.tally.add([*lost, *unread(record, survey, format=format)], n_rows=len(rows))
        return rows

    def _hashed(self) -> Iterator[pa.RecordBatch]:
        for batch in self.batches():
            self.members.update(member_lines(batch.column("fingerprint").to_pylist()))
            yield batch


def is_lines(path: PurePath) -> bool:
    """Whether a name asks for JSON Lines.

    >>> is_lines(PurePath("a.jsonl.gz")), is_lines(PurePath("a.json")), is_lines(PurePath("a"))
    (True, False, False)
    """
    return bool({".jsonl", ".ndjson"} & set(path.suffixes[-2:]))
