"""What every container hands out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from json import JSONDecoder
from typing import Any, NoReturn

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


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


scan: Callable[[str, int], tuple[Any, int]] = JSONDecoder(parse_constant=_refuse_constant).scan_once  # type: ignore[attr-defined]
"""``scan(text, start) -> (value, end)``; raises ValueError, StopIteration (no value starts there) or RecursionError."""


def not_json(error: BaseException) -> Rejection:
    """The rejection for an error of `scan`."""
    if isinstance(error, StopIteration):
        return Rejection("not_json", "no JSON value starts here")
    if isinstance(error, RecursionError):
        return Rejection("unreadable", "nested too deeply")
    return Rejection("not_json", str(error))


def unforeseen(error: Exception) -> Rejection:
    """Return the rejection for an error that no reader expects: it costs its record, never the load.

    >>> unforeseen(KeyError("a"))
    Rejection(reason='unreadable', detail="KeyError: 'a'")
    """
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
