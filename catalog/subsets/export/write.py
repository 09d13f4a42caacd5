"""Instructions as text: JSON Lines, or the elements of one JSON array, a line each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import IO

import pyarrow as pa

from catalog.subsets.export.json_line import json_bytes
from catalog.subsets.export.record import Encoded, Record, records
from catalog.subsets.export.tally import Tally

Encode = Callable[[Record], Encoded]


def write_lines(batches: Iterable[pa.RecordBatch], file: IO[bytes], *, encode: Encode, tally: Tally) -> None:
    """JSON Lines: one object a line, every line ended."""
    for lines in _encoded(batches, encode=encode, tally=tally):
        file.write(b"\n".join(lines) + b"\n")


def write_array(batches: Iterable[pa.RecordBatch], file: IO[bytes], *, encode: Encode, tally: Tally) -> None:
    """One JSON array, each element on a line of its own."""
    before = b"[\n"
    for lines in _encoded(batches, encode=encode, tally=tally):
        file.write(before + b",\n".join(lines))
        before = b",\n"
    file.write(b"\n]\n" if tally.n_instructions else b"[]\n")


def is_lines(path: PurePath) -> bool:
    """Whether a name asks for JSON Lines.

    >>> is_lines(PurePath("a.jsonl.gz")), is_lines(PurePath("a.json")), is_lines(PurePath("a"))
    (True, False, False)
    """
    return bool({".jsonl", ".ndjson"} & set(path.suffixes[-2:]))


def _encoded(batches: Iterable[pa.RecordBatch], *, encode: Encode, tally: Tally) -> Iterator[list[bytes]]:
    """The JSON texts of each batch that is not empty."""
    for batch in batches:
        lines = []
        for record in records(batch):
            value, lost = encode(record)
            tally.add(record, lost)
            lines.append(json_bytes(value))
        if lines:
            yield lines
