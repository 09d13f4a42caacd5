"""Which CTEs a place in a SQL text can see, so that a part of the text can be run by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.query.source_text import SqlText, Token, closing, tokens


@dataclass(frozen=True)
class Clause:
    """One WITH: its CTEs as spans of the text, and where its query ends."""

    start: int
    end: int
    is_recursive: bool
    spans: tuple[tuple[int, int], ...]


def with_visible(text: SqlText, at: int, query: SqlText) -> SqlText:
    """A query that stands at a place of a text, made to run alone: the CTEs that it could see come before it.

    Args:
        text: the whole.
        at: where the query stands in it.
        query: the query, a SELECT.
    """
    answer = query
    clauses = [
        clause for clause in _clauses(list(tokens(str(text)))) if clause.start < at < clause.end
    ]
    is_first = True
    for clause in sorted(clauses, key=lambda clause: clause.start, reverse=True):
        seen = [text.cut(start, end) for start, end in clause.spans if end <= at]
        if not seen:
            continue
        inner = answer if is_first else text.empty() + "SELECT * FROM (" + answer + ")"
        answer = text.empty() + ("WITH RECURSIVE " if clause.is_recursive else "WITH ") + seen[0]
        for other in seen[1:]:
            answer = answer + ", " + other
        answer = answer + " " + inner
        is_first = False
    return answer


def _clauses(found: list[Token]) -> Iterator[Clause]:
    openings: list[int] = []
    for index, token in enumerate(found):
        if token.text in "([{":
            openings.append(index)
        elif token.text in ")]}" and openings:
            openings.pop()
        elif (
            token.kind == "word"
            and token.name == "with"
            and (index == 0 or found[index - 1].text == "(")
        ):
            end = found[closing(found, openings[-1])].start if openings else found[-1].end
            is_recursive = found[index + 1].name == "recursive"
            yield Clause(
                token.start, end, is_recursive, tuple(_spans(found, index + 1 + is_recursive))
            )


def _spans(found: list[Token], index: int) -> Iterator[tuple[int, int]]:
    """The CTEs of one WITH: ``name [(column, ...)] [USING KEY (...)] AS [[NOT] MATERIALIZED] (...)``, between commas."""
    while index < len(found) and found[index].kind in {"word", "quoted"}:
        start = found[index].start
        index += 1
        while index < len(found) and found[index].name != "as":
            index = closing(found, index) + 1 if found[index].text == "(" else index + 1
        while index < len(found) and found[index].text != "(":
            index += 1
        if index >= len(found):
            return
        last = closing(found, index)
        yield start, found[last].end
        if last + 1 >= len(found) or found[last + 1].text != ",":
            return
        index = last + 2
