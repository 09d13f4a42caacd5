"""Containers: the records of a file as a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from json import JSONDecoder
from typing import Any

from catalog.json_text import NotFiniteError
from catalog.pools.literal import looks_python, python_value
from catalog.pools.reasons import Rejection

Record = tuple[int | str, Any, str | None]
"""Position (an ordinal or a key), value or Rejection, and the raw text if there is one."""

MAX_RECORD = 64 * 2**20
"""Maximum characters of a record, which bounds the memory for a broken file."""

SAMPLE_CHARS = 2**24
"""Maximum characters of a sample: the first records of a file can have megabytes."""


class PythonLiterals:
    """Reader of the records of a file that are Python literals in place of JSON.

    Attributes:
        unit: the name of one of them in a note.
        n_read: number of records that were read so.
        n_refused: number of records that look like Python, but are not literals of texts, numbers,
            lists and dicts.
    """

    def __init__(self, unit: str = "record") -> None:
        self.unit = unit
        self.n_read = 0
        self.n_refused = 0

    def value(self, text: str, *, otherwise: Rejection) -> Any:
        """Return the Python value of a text that is not JSON, or a rejection.

        >>> rejection = Rejection("not_json", "")
        >>> PythonLiterals().value("{'a': None}", otherwise=rejection)
        {'a': None}
        >>> PythonLiterals().value("{a}", otherwise=None)
        """
        if not looks_python(text):
            return otherwise
        try:
            value = python_value(text)
        except ValueError as error:
            self.n_refused += 1
            advice = "Write the records as JSON, with json.dumps instead of str or repr"
            return Rejection("not_json", f"the text looks like Python: {error}", advice)
        self.n_read += 1
        return value

    def merge(self, later: PythonLiterals) -> None:
        """Add the counts of the records that follow."""
        self.n_read += later.n_read
        self.n_refused += later.n_refused

    def notes(self) -> list[str]:
        """Return the notes about these records."""
        unit = self.unit
        notes = []
        if self.n_read:
            notes.append(f"{self.n_read:,} {unit}s are Python literals, not JSON: read as such")
        if self.n_refused:
            notes.append(
                f"{self.n_refused:,} {unit}s look like Python and are neither JSON nor literals"
            )
        return notes


@dataclass
class Container:
    """Records of a file as a stream.

    Attributes:
        name: its name in a report, such as ``"json lines"``.
        unit: the unit of a position: line (from 1), element, row (from 0) or key.
        records: the stream, which can be read once.
        notes: notes about the file as a whole, complete after the last record.
        python: the records that are Python literals in place of JSON.
    """

    name: str
    unit: str
    records: Iterator[Record] = field(repr=False)
    notes: list[str] = field(default_factory=list)
    python: PythonLiterals = field(default_factory=PythonLiterals)


scan: Callable[[str, int], tuple[Any, int]] = JSONDecoder().scan_once  # type: ignore[attr-defined]
"""``scan(text, start) -> (value, end)``.

It raises ValueError, StopIteration (no value starts there) or RecursionError. NaN and the
infinities are values: in metadata they become null, in a message they reject the record.
"""


def not_json(error: BaseException) -> Rejection:
    """Return the rejection for an error of `scan`."""
    if isinstance(error, StopIteration):
        return Rejection("not_json", "no JSON value starts here")
    if isinstance(error, RecursionError):
        return Rejection("unreadable", "nested too deeply")
    return Rejection("not_json", str(error))


def unforeseen(error: Exception) -> Rejection:
    """Return the rejection for an unexpected error, which rejects only its record.

    >>> unforeseen(KeyError("a"))[:2]
    ('unreadable', "KeyError: 'a'")
    """
    if isinstance(error, NotFiniteError):
        return Rejection("not_json", str(error))
    return Rejection("unreadable", f"{type(error).__name__}: {error}")


def sampled(container: Container, *, n: int) -> tuple[list[Record], Iterator[Record]]:
    """Return the records up to ``n`` readable ones, and a stream of all records."""
    sample: list[Record] = []
    n_readable = n_chars = 0
    for record in container.records:
        sample.append(record)
        n_readable += not isinstance(record[1], Rejection)
        n_chars += len(str(record[1]) if record[2] is None else record[2])
        if n_readable >= n or len(sample) >= 100 * n:
            break
        if n_readable and n_chars >= SAMPLE_CHARS:
            break
    return sample, chain(sample, container.records)


def split_lines(blocks: Iterable[str]) -> Iterator[str]:
    """Yield lines that end in a newline, not in a lone carriage return.

    A line longer than MAX_RECORD is split.
    """
    rest = ""
    for block in blocks:
        lines = (rest + block).split("\n")
        rest = lines.pop()
        for line in lines:
            yield line + "\n"
        if len(rest) > MAX_RECORD:
            yield rest
            rest = ""
    if rest:
        yield rest
