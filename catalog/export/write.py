"""Write an export: a first pass surveys the records, a second pass writes them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from catalog.export.chat import announce
from catalog.export.dates import DATES, Dates
from catalog.export.json_line import json_bytes
from catalog.export.record import Encoded, Record, records
from catalog.export.registry import Exporter
from catalog.export.report import Tally
from catalog.export.survey import Survey
from catalog.export.trainer import check_fits, unread
from catalog.selection.run import member_lines
from catalog.store.store import Store

Batches = Callable[[], Iterable[pa.RecordBatch]]
"""Returns the batches of an export from their start, each time that it is called."""


class Output(Protocol):
    """File, or another place, that bytes are written to."""

    def write(self, data: bytes, /) -> int:
        """Write bytes."""


class HashedOutput:
    """Output whose bytes are hashed on their way to a file.

    Attributes:
        sha256: the hash so far.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        """Write bytes."""
        self.sha256.update(data)
        return self._file.write(data)


@dataclass(kw_only=True)
class Work:
    """Export in progress.

    Attributes:
        batches: its records.
        exporter: its format.
        order_matters: whether training must keep the order of the records.
        media_folder: the folder in which the catalog keeps embedded media.
        tally: its counts.
        members: the hash of the fingerprints in the order written.
    """

    batches: Batches
    exporter: Exporter
    order_matters: bool
    media_folder: Path | None
    tally: Tally
    members: hashlib._Hash = field(default_factory=hashlib.sha256)

    def survey(self) -> Survey:
        """Go over the records for the first time.

        Raises:
            OptionError: no record has what the format is for.
        """
        trainer = self.exporter.trainer
        survey = Survey(
            order_matters=self.order_matters,
            media_folder=self.media_folder,
            with_rejected=trainer is not None and trainer.needs_rejected,
        )
        survey.read(self.batches())
        check_fits(trainer, survey, format=self.exporter.name)
        return survey

    def write_table(self, file: IO[bytes], survey: Survey) -> None:
        """Write the records as one binary table."""
        n_rows = self.exporter.function(self._hashed(), file, survey=survey)
        self.tally.n_instructions = self.tally.n_rows = n_rows

    def write_catalog(self, file: IO[bytes], store: Store, reference: str) -> None:
        """Write what the catalog knows of the members."""
        fingerprints = self.exporter.function(store, reference, file)
        self.members.update(member_lines(fingerprints))
        self.tally.n_instructions = self.tally.n_rows = len(fingerprints)

    def write_lines(self, file: Output, survey: Survey) -> None:
        """Write the records as JSON Lines: one object a line, with a line end after each."""
        for lines in self._encoded(survey):
            file.write(b"\n".join(lines) + b"\n")
        self.tally.check()

    def write_array(self, file: Output, survey: Survey) -> None:
        """Write the records as one JSON array, one element a line."""
        before = b"[\n"
        for lines in self._encoded(survey):
            file.write(before + b",\n".join(lines))
            before = b",\n"
        file.write(b"\n]\n" if self.tally.n_rows else b"[]\n")
        self.tally.check()

    def _encoded(self, survey: Survey) -> Iterator[list[bytes]]:
        """Yield the JSON texts of each batch that has rows."""
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
        """Return the rows of one record, and count them and what they lose."""
        exporter = self.exporter
        encoded: Encoded = exporter.function(record, survey)
        rows, lost = encoded
        if rows and not self.tally.n_rows and exporter.turns is not None:
            announce(rows[0], survey, turns=exporter.turns)
        self.tally.add([*lost, *unread(record, survey, trainer=exporter.trainer)], n_rows=len(rows))
        return rows

    def _hashed(self) -> Iterator[pa.RecordBatch]:
        for batch in self.batches():
            self.members.update(member_lines(batch.column("fingerprint").to_pylist()))
            yield batch
