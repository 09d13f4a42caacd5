"""SQL text with the location of each part in the user's text.

The planner never regenerates what a user wrote. It cuts the text at the places that it understands
and puts names of relations there. Each fragment keeps its offset in the user's text, so that every
error points at the line and column that the user typed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

OPENED, CLOSED = "(\n", "\n)"
"""Brackets around the expression of an option, which may end with a comment."""


class Fragment(NamedTuple):
    """A run of text, and its offset in the user's text; None for text that the planner wrote."""

    text: str
    start: int | None


class Insert(NamedTuple):
    """Expression of an option, such as ``--where``, that stands in a text between two offsets."""

    option: str
    start: int
    end: int


@dataclass(frozen=True)
class SourceText:
    """A SQL text made of fragments of one user's text and of the planner's own words."""

    fragments: tuple[Fragment, ...]
    source: str  # the user's whole text
    name: str  # of the file, or "query"
    inserts: tuple[Insert, ...] = ()  # parts of the source that an option holds

    @classmethod
    def of(
        cls, source: str, *, name: str = "query", inserts: tuple[Insert, ...] = ()
    ) -> SourceText:
        """Return the user's whole text."""
        return cls((Fragment(source, 0),), source, name, inserts)

    def __str__(self) -> str:
        """Return the text that DuckDB reads."""
        return "".join(fragment.text for fragment in self.fragments)

    def __add__(self, other: SourceText | str) -> SourceText:
        """Return this text followed by another one, or by the planner's own words."""
        added = (Fragment(other, None),) if isinstance(other, str) else other.fragments
        return replace(self, fragments=self.fragments + added)

    def cut(self, start: int, end: int) -> SourceText:
        """Return the part between two offsets."""
        parts = []
        for position, (text, origin) in self._positions():
            low, high = max(start - position, 0), min(end - position, len(text))
            if low < high:
                # The planner's words stand for a whole call, so a part of them has the location of
                # the whole.
                parts.append(Fragment(text[low:high], None if origin is None else origin + low))
        return replace(self, fragments=tuple(parts))

    def replace(self, start: int, end: int, words: str) -> SourceText:
        """Return the text with a part replaced by the planner's words."""
        return self.cut(0, start) + words + self.cut(end, len(str(self)))

    def empty(self) -> SourceText:
        """Return an empty text of the same source."""
        return replace(self, fragments=())

    def origin(self, offset: int) -> int:
        """Return the offset in the user's text; for the planner's words, where they stand."""
        last = 0
        for position, (text, start) in self._positions():
            is_here = position <= offset < position + len(text)
            if is_here:
                return last if start is None else start + offset - position
            last = last if start is None else start + len(text)
        return last

    def span(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the offsets of a part in the user's text; None if the planner wrote it.

        An empty part stands after the character before it.

        >>> SourceText.of("ORDER BY a").span(10, 10)
        (10, 10)
        """
        edges = (start, end - 1) if start < end else (start - 1, start - 1)
        if min(edges) < 0 or any(self.is_added(edge) for edge in edges):
            return None
        first, last = (self.origin(edge) for edge in edges)
        return (first, last + 1) if start < end else (last + 1, last + 1)

    def is_added(self, offset: int) -> bool:
        """Return whether the planner wrote the text at an offset."""
        origins = (
            start for position, (text, start) in self._positions() if offset < position + len(text)
        )
        return next(origins, 0) is None

    def location(self, offset: int) -> str:
        """Return ``file:line:column`` in the user's text, each from 1.

        >>> SourceText.of("SELECT\\n  x", name="mine.sql").location(9)
        'mine.sql:2:3'

        What an option holds has its place in that option, and what follows it is at its end.

        >>> text = SourceText.of("WHERE (\\nn >\\n)", inserts=(Insert("--where", 8, 11),))
        >>> text.location(8), text.location(12)
        ('--where:1:1', '--where:1:4')
        """
        origin = self.origin(offset)
        for option, start, end in self.inserts:
            if start <= origin <= end + len(CLOSED):
                return location(self.source[start:end], min(origin, end) - start, name=option)
        return location(self.source, origin, name=self.name)

    def _positions(self) -> Iterator[tuple[int, Fragment]]:
        position = 0
        for fragment in self.fragments:
            yield position, fragment
            position += len(fragment.text)


def location(source: str, offset: int, *, name: str) -> str:
    """Return ``file:line:column`` of an offset, each from 1.

    >>> location("SELECT x", 7, name="query")
    'query:1:8'
    """
    line = source.count("\n", 0, offset) + 1
    column = offset - source.rfind("\n", 0, offset)
    return f"{name}:{line}:{column}"


def offset_of_byte(sql: str, byte: int) -> int:
    """Return the offset in characters of an offset in UTF-8 bytes, which DuckDB counts."""
    return byte if sql.isascii() else len(sql.encode()[:byte].decode(errors="ignore"))
