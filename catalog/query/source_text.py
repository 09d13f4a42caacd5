"""SQL as text that remembers where it came from.

The planner never regenerates what a user wrote: it cuts the text at the places that it understands
and puts names of relations there. Every piece keeps its offset in the user's text, so that an error
anywhere in what runs points at the line and column that the user typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|/\*)
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*'|[xXbB]?'(?:[^']|'')*'|\$(?P<tag>[^\W\d]\w*)?\$.*?\$(?(tag)(?P=tag))\$)
    | (?P<parameter>\$\w+)
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<word>[^\W\d]\w*)
    | (?P<number>\.?\d(?:[\w.]|(?<=[eE])[+-](?=\d))*)
    | (?P<other>->>|<=>|=>|:=|::|->|<=|>=|<>|!=|==|\|\||&&|//(?!\*)|\*\*|<<|>>|\^@|@>|<@|!?~~\*?|!~|.)
    """,
    re.VERBOSE | re.DOTALL,
)
OPENING, CLOSING = "([{", ")]}"


class Token(NamedTuple):
    """One token of a SQL text: its kind, its text and where it stands, as offsets in characters."""

    kind: str  # string, parameter, quoted, word, number or other
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """What an identifier names: lower case, since DuckDB does not tell cases apart."""
        return (self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text).lower()


class Piece(NamedTuple):
    """A run of text, and where in the user's text it begins; None for text that the planner wrote."""

    text: str
    start: int | None


@dataclass(frozen=True)
class SqlText:
    """A SQL text made of pieces of one user's text and of the planner's own words."""

    pieces: tuple[Piece, ...]
    source: str  # the user's whole text
    name: str  # of the file, or "query"

    @classmethod
    def of(cls, source: str, *, name: str = "query") -> SqlText:
        """The user's text, whole."""
        return cls((Piece(source, 0),), source, name)

    def __str__(self) -> str:
        """The text that DuckDB reads."""
        return "".join(piece.text for piece in self.pieces)

    def __add__(self, other: SqlText | str) -> SqlText:
        """This text and then another one, or the planner's own words."""
        added = (Piece(other, None),) if isinstance(other, str) else other.pieces
        return SqlText(self.pieces + added, self.source, self.name)

    def cut(self, start: int, end: int) -> SqlText:
        """The part from one offset to another."""
        parts, at = [], 0
        for text, origin in self.pieces:
            low, high = max(start - at, 0), min(end - at, len(text))
            if low < high:
                # The planner's words stand for a whole call, so a part of them stands where the
                # whole does.
                parts.append(Piece(text[low:high], None if origin is None else origin + low))
            at += len(text)
        return SqlText(tuple(parts), self.source, self.name)

    def replace(self, start: int, end: int, words: str) -> SqlText:
        """The text with a part replaced by the planner's words."""
        return self.cut(0, start) + words + self.cut(end, len(str(self)))

    def empty(self) -> SqlText:
        """No text yet, of the same source."""
        return SqlText((), self.source, self.name)

    def origin(self, offset: int) -> int:
        """Where in the user's text an offset of this text comes from; for the planner's words, where they stand."""
        at, last = 0, 0
        for text, start in self.pieces:
            if start is not None:
                if at <= offset < at + len(text):
                    return start + offset - at
                last = start + len(text)
            elif at <= offset < at + len(text):
                return last
            at += len(text)
        return last

    def is_added(self, offset: int) -> bool:
        """Return whether what stands at an offset is the planner's."""
        at = 0
        for text, start in self.pieces:
            at += len(text)
            if offset < at:
                return start is None
        return False

    def place(self, offset: int) -> str:
        """``file:line:column`` in the user's text, each from 1.

        >>> SqlText.of("SELECT\\n  x", name="mine.sql").place(9)
        'mine.sql:2:3'
        """
        return place(self.source, self.origin(offset), name=self.name)


def place(source: str, offset: int, *, name: str) -> str:
    """``file:line:column`` of an offset, each from 1.

    >>> place("SELECT x", 7, name="query")
    'query:1:8'
    """
    line = source.count("\n", 0, offset) + 1
    return f"{name}:{line}:{offset - (source.rfind(chr(10), 0, offset) + 1) + 1}"


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of a SQL text in order, without space and comments.

    Whoever needs a parser asks DuckDB's; this finds the ends of what that parser found.

    >>> [token.text for token in tokens("f(a, ')' /* ) */) -- )")]
    ['f', '(', 'a', ',', "')'", ')']
    """
    at = 0
    while at < len(sql):
        match = TOKEN.match(sql, at)
        if match is None:  # TOKEN ends in "any character"
            return
        kind = str(match.lastgroup if match.lastgroup != "tag" else "string")
        at = match.end()
        if match.group() == "/*":
            at = _comment_end(sql, at)
        elif kind != "space":
            yield Token(kind, match.group(), match.start(), at)


def closing(found: list[Token], opening: int) -> int:
    """The index of the token that closes the bracket at an index.

    >>> closing(list(tokens("f(a, (b))")), 1)
    7
    """
    depth = 0
    for index in range(opening, len(found)):
        text = found[index].text
        depth += (text in OPENING) - (text in CLOSING)
        if depth == 0:
            return index
    return len(found) - 1


def canonical(sql: str) -> str:
    """One form for all texts that differ in comments, space and the case of keywords alone.

    Quoted names and strings stay as they are; words become lower case, as DuckDB compares them.

    >>> canonical("SELECT  a -- why\\nFROM t")
    'select a from t'
    """
    return " ".join(
        token.text.lower() if token.kind == "word" else token.text for token in tokens(sql)
    ).removesuffix(" ;")


def quoted(name: str) -> str:
    """A name as SQL writes it, whatever is in it.

    >>> quoted("a b")
    '"a b"'
    """
    return '"' + name.replace('"', '""') + '"'


def one_line(sql: str) -> str:
    """A text without comments, in one line; strings stay as they are.

    >>> one_line("SELECT  a, -- why\\n  'b  c'\\nFROM t")
    "SELECT a, 'b  c' FROM t"
    """
    parts: list[str] = []
    last = 0
    for token in tokens(sql):
        parts.append(" " if token.start > last and parts else "")
        parts.append(token.text)
        last = token.end
    return "".join(parts)


def offset_of_byte(sql: str, byte: int) -> int:
    """The offset in characters of an offset in UTF-8 bytes, which is how DuckDB counts."""
    return byte if sql.isascii() else len(sql.encode()[:byte].decode(errors="ignore"))


def _comment_end(sql: str, at: int) -> int:
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(sql, at):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(sql)
