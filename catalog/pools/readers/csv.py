"""CSV and TSV: a header line, cells of several lines, and broken rows that are rejected alone."""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from catalog.pools.readers.records import MAX_RECORD, Record, split_lines
from catalog.pools.reasons import Rejection
from catalog.pools.rejected import KEYS as REJECTED

_DELIMITERS = ",\t;|"
_NAME = re.compile(r"[^\W\d][\w .:/()#-]{0,39}")
_SAMPLE_ROWS = 50


@dataclass(frozen=True)
class Dialect:
    """Dialect of a delimited file.

    Attributes:
        delimiter: one character.
        first_row: the cells of the first row.
        has_header: whether the first row has the names of columns.
        is_regular: whether nearly all rows have the same number of cells, at least two.
    """

    delimiter: str
    first_row: tuple[str, ...]
    has_header: bool
    is_regular: bool

    @property
    def name(self) -> str:
        """Return the name of the dialect in a report."""
        return "tsv" if self.delimiter == "\t" else "csv"


def dialect_of(head: str, *, names: Iterable[str]) -> Dialect | None:
    """Return the dialect of a text, or None if it is not a table.

    Args:
        head: the first block of the text.
        names: column names, in lower case, that identify a header.

    >>> dialect_of("act,prompt\\na,b\\n", names=()).has_header
    True
    """
    best: tuple[float, int, str, list[list[str]]] | None = None
    for delimiter in _DELIMITERS:
        rows = _sample(head, delimiter)
        if not rows or not rows[0]:
            continue
        same = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        candidate = (same if len(rows[0]) > 1 else 0.0, len(rows[0]), delimiter, rows)
        if best is None or candidate[:2] > best[:2]:
            best = candidate
    if best is None:
        return None
    share, n_cells, delimiter, rows = best
    first = tuple(rows[0])
    return Dialect(
        delimiter,
        first,
        _is_header(first, frozenset(names)),
        n_cells > 1 and share >= 0.8 and len(rows) > 1,
    )


def _is_header(cells: Sequence[str], names: frozenset[str]) -> bool:
    lowered = [cell.strip().lower() for cell in cells]
    if len(set(lowered)) < len(lowered):
        return False
    return any(cell in names for cell in lowered) or (
        all(_NAME.fullmatch(cell.strip()) for cell in cells if cell) and all(cells[1:])
    )


def _sample(head: str, delimiter: str) -> list[list[str]]:
    """Return the first rows, without the last one if it can be incomplete."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(
            split_lines([head.lstrip("\ufeff")]), delimiter=delimiter, strict=True
        ):
            if row:
                rows.append(row)
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    return rows


def delimited(blocks: Iterable[str], *, dialect: Dialect) -> Iterator[Record]:
    """Yield the rows as objects of texts. A position is the number of a row's first line, from 1.

    Without a header the columns are named "1", "2", ... If the quotes of a row do not match, only
    its first line is rejected, and reading continues with the next line, because an open quote
    would include the rest of the file.

    >>> dialect = dialect_of("act,prompt\\n", names=("prompt",))
    >>> [value for _, value, _ in delimited(['act,prompt\\na,"x\\n', 'y"\\n'], dialect=dialect)]
    [{'act': 'a', 'prompt': 'x\\ny'}]
    """
    csv.field_size_limit(MAX_RECORD)
    lines = _Lines(blocks)
    names = tuple(name.strip().lstrip("\ufeff") for name in dialect.first_row)
    if dialect.has_header:
        _row(lines, dialect.delimiter)
    else:
        names = tuple(str(n) for n in range(1, len(names) + 1))
    while True:
        lines.begin()
        cells = _row(lines, dialect.delimiter)
        if cells is None:
            return
        if isinstance(cells, Rejection):
            yield lines.first, cells, lines.give_back()
        elif len(cells) != len(names):
            yield (
                lines.first,
                Rejection("wrong_columns", f"{len(cells)} cells, {len(names)} columns"),
                "".join(lines.taken),
            )
        else:
            yield lines.first, _record(names, cells), "".join(lines.taken)


def _record(names: Sequence[str], cells: Sequence[str]) -> dict[str, str | None]:
    """Return a row as an object. An empty cell of rejected answers becomes None."""
    record: dict[str, str | None] = dict(zip(names, cells, strict=True))
    for name in REJECTED:
        if record.get(name) == "":
            record[name] = None
    return record


def _row(lines: _Lines, delimiter: str) -> list[str] | Rejection | None:
    """Return the next row that is not blank, or None at the end."""
    while True:
        try:
            cells = next(csv.reader(lines, delimiter=delimiter, strict=True), None)
        except csv.Error as error:
            reason = "too_large" if "field larger" in str(error) else "not_csv"
            return Rejection(reason, str(error))
        if cells != []:
            return cells
        lines.begin()


class _Lines:
    """Numbered lines with their ends. The lines of a failed row after its first can be read again.

    Attributes:
        first: the number of the first line since `begin`.
        taken: the lines since `begin`.
    """

    def __init__(self, blocks: Iterable[str]) -> None:
        self._source = split_lines(blocks)
        self._returned: deque[str] = deque()
        self.first = 1
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else next(self._source)
        self.taken.append(line)
        return line

    def begin(self) -> None:
        self.first += len(self.taken)
        self.taken = []

    def give_back(self) -> str:
        raw = self.taken[0] if self.taken else ""
        self._returned.extendleft(reversed(self.taken[1:]))
        self.taken = self.taken[:1]
        return raw
