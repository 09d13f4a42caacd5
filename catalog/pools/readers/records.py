"""What every container hands out."""

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
"""Position (an ordinal, or a key), value or Rejection, and the raw text, where the container has one."""

MAX_RECORD = 64 * 2**20
"""Characters of one record beyond which the reader gives it up, so that a broken file cannot fill the memory."""

SAMPLE_CHARS = 2**24
"""Characters of records after which fewer of them make a sample: a file's first records may be of megabytes."""


@dataclass
class Container:
    """A file's records as a stream.

    Attributes:
        name: what a report calls it, e.g. ``"json lines"``.
        unit: what a position counts: line (from 1), element, row (from 0) or key.
        records: the stream, which can be read once.
        notes: what is odd about the file as a whole, filled while it is read.
    """

    name: str
    unit: str
    records: Iterator[Record] = field(repr=False)
    notes: list[str] = field(default_factory=list)


scan: Callable[[str, int], tuple[Any, int]] = JSONDecoder().scan_once  # type: ignore[attr-defined]
"""``scan(text, start) -> (value, end)``; raises ValueError, StopIteration (no value starts there) or RecursionError.

NaN and the infinities are read: in metadata they become null, in a message they cost the record.
"""


class PythonLiterals:
    """Reads the records of a file that are Python literals instead of JSON, and counts them.

    Attributes:
        n_read: records that were read so.
        n_refused: records that look like Python and are no literals of texts, numbers, lists and dicts.
    """

    def __init__(self) -> None:
        self.n_read = 0
        self.n_refused = 0

    def value(self, text: str, *, otherwise: Rejection) -> Any:
        """Return what a text that is no JSON writes down in Python, or a rejection.

        >>> PythonLiterals().value("{'a': None}", otherwise=Rejection("not_json", "")), PythonLiterals().value("{a}", otherwise=None)
        ({'a': None}, None)
        """
        if not looks_python(text):
            return otherwise
        try:
            value = python_value(text)
        except ValueError as error:
            self.n_refused += 1
            advice = "Write the records as JSON, with json.dumps instead of str or repr"
            return Rejection("not_json", f"it looks like Python: {error}", advice)
        self.n_read += 1
        return value

    def notes(self, unit: str) -> list[str]:
        """Return what a report says of them."""
        found = []
        if self.n_read:
            found.append(f"{self.n_read:,} {unit}s are Python literals, not JSON: read as such")
        if self.n_refused:
            found.append(
                f"{self.n_refused:,} {unit}s look like Python and are neither JSON nor literals"
            )
        return found


def not_json(error: BaseException) -> Rejection:
    """Return the rejection for an error of `scan`."""
    if isinstance(error, StopIteration):
        return Rejection("not_json", "no JSON value starts here")
    if isinstance(error, RecursionError):
        return Rejection("unreadable", "nested too deeply")
    return Rejection("not_json", str(error))


def unforeseen(error: Exception) -> Rejection:
    """Return the rejection for an error that no reader expects: it costs its record, never the load.

    >>> unforeseen(KeyError("a"))[:2]
    ('unreadable', "KeyError: 'a'")
    """
    if isinstance(error, NotFiniteError):
        return Rejection("not_json", str(error))
    return Rejection("unreadable", f"{type(error).__name__}: {error}")


def sampled(container: Container, *, n: int) -> tuple[list[Record], Iterator[Record]]:
    """Return the records until ``n`` readable ones, and all records."""
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
    """Lines that end in a newline (a lone carriage return ends none); one longer than MAX_RECORD comes in pieces."""
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
