"""The CTEs that a position in a SQL text can see, so that a part of the text can run alone."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.query.source_text import SourceText
from catalog.query.tokens import Token, Tokens


def with_visible(text: SourceText, position: int, query: SourceText) -> SourceText:
    """Return a query preceded by the CTEs that it sees, so that it runs alone.

    Args:
        text: the whole text.
        position: the offset of the query in it.
        query: the query, a SELECT.
    """
    layout = Tokens(str(text))
    answer = query
    is_alone = True
    for first in _clauses_around(layout, layout.index_at(position)):
        is_recursive = layout[first + 1].name == "recursive"
        ctes = _ctes(layout, first + 1 + is_recursive)
        seen = [text.cut(start, end) for start, end in ctes if end <= position]
        if not seen:
            continue
        inner = answer if is_alone else text.empty() + "SELECT * FROM (" + answer + ")"
        answer = text.empty() + ("WITH RECURSIVE " if is_recursive else "WITH ") + seen[0]
        for other in seen[1:]:
            answer = answer + ", " + other
        answer = answer + " " + inner
        is_alone = False
    return answer


def cte_names(sql: str) -> Iterator[Token]:
    """Yield the name of every CTE of a text where it is defined.

    >>> [token.text for token in cte_names("WITH a AS (SELECT 1), b AS (FROM a) FROM b")]
    ['a', 'b']
    """
    layout = Tokens(sql)
    for i in range(len(layout) - 1):
        if layout[i].is_word("with"):
            is_recursive = layout[i + 1].name == "recursive"
            for start, _ in _ctes(layout, i + 1 + is_recursive):
                yield layout[layout.index_at(start)]


def _clauses_around(layout: Tokens, index: int) -> Iterator[int]:
    """Yield the token WITH of each clause around a token, the innermost first."""
    while index > 0:
        opening = layout.around[index] if index < len(layout) else -1
        if opening + 1 < index and layout[opening + 1].is_word("with"):
            yield opening + 1
        index = opening


def _ctes(layout: Tokens, index: int) -> Iterator[tuple[int, int]]:
    """Yield the extent of each ``name [(column, ...)] [USING KEY (...)] AS [...] (...)``."""
    while index < len(layout) and layout[index].kind in ("word", "quoted"):
        body = _body(layout, index)
        if body is None:
            return
        last = layout.closing(body)
        yield layout[index].start, layout[last].end
        if last + 2 >= len(layout) or layout[last + 1].text != ",":
            return
        index = last + 2


def _body(layout: Tokens, index: int) -> int | None:
    """Return the bracket that opens the query of a CTE: the first one after AS."""
    level = layout.level(index, len(layout))
    has_as = any(layout[i].name == "as" for i in level)  # leaves the level behind AS
    return next((i for i in level if has_as and layout[i].text == "("), None)
