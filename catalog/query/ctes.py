"""The CTEs that a position in a SQL text can see, so that a part of the text can run alone."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.query.source_text import SourceText
from catalog.query.tokens import Tokens


def with_visible(text: SourceText, position: int, query: SourceText) -> SourceText:
    """Return a query preceded by the CTEs that it sees, so that it runs alone.

    Args:
        text: the whole text.
        position: the offset of the query in it.
        query: the query, a SELECT.
    """
    found = Tokens(str(text))
    answer = query
    is_alone = True
    for first in _clauses_around(found, found.index_at(position)):
        is_recursive = found[first + 1].name == "recursive"
        ctes = _ctes(found, first + 1 + is_recursive)
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


def _clauses_around(found: Tokens, index: int) -> Iterator[int]:
    """Yield the token WITH of each clause around a token, the innermost first."""
    while index > 0:
        opening = found.around[index] if index < len(found) else -1
        if opening + 1 < index and found[opening + 1].is_word("with"):
            yield opening + 1
        index = opening


def _ctes(found: Tokens, index: int) -> Iterator[tuple[int, int]]:
    """Yield the extent of each ``name [(column, ...)] [USING KEY (...)] AS [...] (...)``."""
    while found[index].kind in ("word", "quoted"):
        body = _body(found, index)
        if body is None:
            return
        last = found.closing(body)
        yield found[index].start, found[last].end
        if last + 2 >= len(found) or found[last + 1].text != ",":
            return
        index = last + 2


def _body(found: Tokens, index: int) -> int | None:
    """Return the bracket that opens the query of a CTE: the first one after AS."""
    level = found.level(index, len(found))
    has_as = any(found[i].name == "as" for i in level)  # leaves the level behind AS
    return next((i for i in level if has_as and found[i].text == "("), None)
