"""DuckDB's tokens of a SQL text, and the brackets that they stand in.

DuckDB's tree has no location for a clause, a query or a CTE. Their extents follow from the tokens:
each bracket knows its partner, and each token knows the bracket around it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

OPENING, CLOSING = "([{", ")]}"
KINDS = {
    "string_const": "string",
    "numeric_const": "number",
    "operator": "other",
    "identifier": "quoted",
    "keyword": "word",
}
WORD = re.compile(r"\S+")
TIGHT_BEFORE, TIGHT_AFTER = {",", ")", ".", "]"}, {"(", ".", "["}
# Keywords that a bracket follows with a space between.
KEYWORDS = frozenset(
    ["and", "or", "not", "in", "between", "over", "by", "then", "else", "when", "is", "as", "like"]
)


class Token(NamedTuple):
    """One token of a SQL text, with its offsets in characters."""

    kind: str  # string, parameter, quoted, word, number or other
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """Return the lower-case name of an identifier, since DuckDB ignores case."""
        return (self.text[1:-1].replace('""', '"') if self.kind == "quoted" else self.text).lower()

    def is_word(self, *names: str) -> bool:
        """Return whether the token is one of some unquoted words."""
        return self.kind == "word" and self.name in names


class Tokens:
    """The tokens of one text, with the brackets around each.

    Attributes:
        sql: the text.
        items: its tokens.
        around: for each token, the index of the opening bracket that holds it, or -1.
        partner: for each bracket, the index of the one that matches it.
    """

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.items = tokens(sql)
        self.around: list[int] = []
        self.partner: dict[int, int] = {-1: len(self.items)}
        opened = [-1]
        for index, token in enumerate(self.items):
            if token.text in CLOSING and len(opened) > 1:
                opening = opened.pop()
                self.partner |= {opening: index, index: opening}
            self.around.append(opened[-1])
            if token.text in OPENING:
                opened.append(index)

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.items)

    def __getitem__(self, index: int) -> Token:
        """Return one token."""
        return self.items[index]

    def index_at(self, offset: int) -> int:
        """Return the index of the first token that starts at an offset or after it."""
        return bisect_left(self.items, offset, key=lambda token: token.start)

    def closing(self, opening: int) -> int:
        """Return the index of the bracket that closes another one; the last token without one.

        >>> Tokens("f(a, (b))").closing(1)
        7
        """
        return self.partner.get(opening, len(self) - 1)

    def end_of(self, index: int) -> int:
        """Return the index of the bracket that closes around a token; without one, the end."""
        opening = self.around[index]
        return len(self) if opening < 0 else self.closing(opening)

    def level(self, start: int, stop: int) -> Iterator[int]:
        """Yield the tokens of a range that stand in no bracket of that range."""
        index = start
        while index < stop:
            yield index
            closing = self.partner.get(index, -1)
            if index < closing < stop:
                yield closing
            index = max(index, closing) + 1

    def split(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the parts of a range between its commas, each as a range.

        >>> Tokens("f(a, g(b, c))").split(2, 9)
        [(2, 3), (4, 9)]
        """
        commas = [i for i in self.level(start, stop) if self.items[i].text == ","]
        starts, stops = [start, *(comma + 1 for comma in commas)], [*commas, stop]
        return [(a, b) for a, b in zip(starts, stops, strict=True) if a < b]

    def text(self, start: int, stop: int) -> str:
        """Return a range as a person writes it."""
        return shown(self.sql[self.items[start].start : self.items[stop - 1].end])


@lru_cache(maxsize=256)
def tokens(sql: str) -> tuple[Token, ...]:
    """Return DuckDB's tokens of a text in order, without space and comments.

    >>> [token.text for token in tokens("f(a, ')' /* ) */, $k) -- )")]
    ['f', '(', 'a', ',', "')'", ',', '$k', ')']
    """
    import duckdb  # here, so that reading a selector's header does not load it

    coded = sql.encode()
    answer: list[Token] = []
    end = at = 0  # the last offset in bytes, and the same in characters
    starts = [*duckdb.tokenize(sql), (len(coded), duckdb.token_type.comment)]
    for (start, kind), (stop, _) in pairwise(starts):
        at, end = at + len(coded[end:start].decode()), start
        text = coded[start:stop].decode().rstrip()
        if kind.name == "identifier" and not text.startswith('"'):
            # DuckDB's parser takes Unicode spaces for spaces, and its tokens do not.
            for word in WORD.finditer(text):
                _add(answer, _token("word", word[0], at + word.start()))
        elif kind.name != "comment":
            _add(answer, _token(KINDS[kind.name], text, at))
    return tuple(answer)


def canonical(sql: str) -> str:
    """Return one form for all texts that differ only in comments, space and the case of words.

    Quoted names and strings stay as they are. Words become lower case, since DuckDB ignores case.

    >>> canonical("SELECT  a -- why\\nFROM t")
    'select a from t'
    """
    return " ".join(
        token.text.lower() if token.kind == "word" else token.text for token in tokens(sql)
    ).removesuffix(" ;")


def one_line(sql: str) -> str:
    """Return a text in one line without comments; strings stay as they are.

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


def shown(sql: str) -> str:
    """Return a part of a text as a person writes it, whatever its space.

    >>> shown("abs ( 2 * place - n ) , x . y <= 1")
    'abs(2 * place - n), x.y <= 1'
    """
    answer, last = "", ""
    for token in tokens(sql):
        can_be_called = last[-1:].isalnum() or last in CLOSING
        is_call = token.text in OPENING and can_be_called and last.lower() not in KEYWORDS
        is_tight = not answer or is_call or token.text in TIGHT_BEFORE or last in TIGHT_AFTER
        answer += ("" if is_tight else " ") + token.text
        last = token.text
    return answer


def _token(kind: str, text: str, start: int) -> Token:
    is_number = kind == "word" and text[0].isdigit()
    return Token("number" if is_number else kind, text, start, start + len(text))


def _add(answer: list[Token], token: Token) -> None:
    """Add a token; DuckDB has the ``$`` of a parameter as a token of its own."""
    last = answer[-1] if answer else None
    if last and last.text == "$" and last.end == token.start and token.kind in ("word", "number"):
        token = Token("parameter", f"${token.text}", last.start, token.end)
        answer.pop()
    answer.append(token)
