"""Where in a SQL text the clauses stand that DuckDB's tree knows by their expressions alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.query.parse import NOWHERE, Node, nodes
from catalog.query.source_text import CLOSING, OPENING, Token, closing, offset_of_byte, tokens

ENDS = {"limit", "offset", ";", "fetch", "using"}
FRAMES = {"rows", "range", "groups"}
VALUES = {
    "word",
    "quoted",
    "number",
    "string",
    "parameter",
}  # kinds of tokens that an expression can end in
BEFORE = {"by", "and", "or", "not", "then", "else", "when", "in", "like", "between", "is"}


@dataclass(frozen=True)
class Clause:
    """One ORDER BY: where it begins, where another expression can be added, and where its brackets end."""

    start: int
    end: int
    last: int


class Clauses:
    """The clauses of one text."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.found = list(tokens(sql))
        self.orders = list(self._orders())

    def order_of(self, expressions: list[Node]) -> Clause | None:
        """Return the ORDER BY that ends in the last of some expressions."""
        places = self.places(expressions[-1]) if expressions else []
        around = [one for one in self.orders for at in places[:1] if one.start <= at < one.end]
        return max(around, key=lambda clause: clause.start, default=None)

    def places(self, expression: Node) -> list[int]:
        """Return where in the text the parts of an expression stand, in ascending order."""
        found = (int(node.get("query_location", NOWHERE)) for node in nodes(expression))
        return sorted(offset_of_byte(self.sql, at) for at in found if at != NOWHERE)

    def index_at(self, offset: int) -> int:
        """Return the index of the first token from an offset on."""
        return next(
            (i for i, token in enumerate(self.found) if token.start >= offset), len(self.found)
        )

    def arguments(self, call: Node) -> list[tuple[int, int]]:
        """Return where a call's arguments begin and end."""
        opening = self._opening(call)
        if opening is None:
            return []
        last, parts, start = closing(self.found, opening), [], opening + 1
        for index in self.level(opening + 1, last):
            if self.found[index].text == "," or self.found[index].name == "order":
                parts.append((start, index))
                start = index + 1
                if self.found[index].name == "order":
                    break
        else:
            parts.append((start, last))
        return [(self.found[a].start, self.found[b - 1].end) for a, b in parts if b > a]

    def over(self, window: Node) -> int | None:
        """Return the index of what follows a window's OVER: a bracket, or a name."""
        opening = self._opening(window)
        if opening is None:
            return None
        for index in range(closing(self.found, opening) + 1, len(self.found) - 1):
            if self.found[index].name == "over":
                return index + 1
        return None

    def named(self, name: str, index: int) -> tuple[int, int] | None:
        """Return the brackets of ``WINDOW name AS (...)``, from a token on that uses the name."""
        depth = 0
        for i in range(index, len(self.found) - 2):
            text = self.found[i].text
            is_definition = self.found[i].name == name and self.found[i + 1].name == "as"
            if is_definition and depth == 0 and self.found[i + 2].text == "(" and i > index:
                return i + 2, closing(self.found, i + 2)
            depth = max(0, depth + (text in OPENING) - (text in CLOSING))
        return None

    def frame(self, opening: int, last: int) -> int:
        """Return the index of a window's frame, else of the bracket that ends it."""
        level = self.level(opening + 1, last)
        return next((i for i in level if self._is_frame(i)), last)

    def level(self, start: int, stop: int) -> Iterator[int]:
        """Return the tokens between two that stand in no bracket there."""
        depth = 0
        for index in range(start, stop):
            depth -= self.found[index].text in CLOSING
            if depth == 0:
                yield index
            depth += self.found[index].text in OPENING

    def _opening(self, call: Node) -> int | None:
        """Return the bracket after the name of a call, whatever schema stands before it."""
        places = self.places({"query_location": call.get("query_location", NOWHERE)})
        if not places:
            return None
        first = self.index_at(places[0])
        for index in range(first, min(first + 6, len(self.found))):
            if self.found[index].text == "(":
                return index
        return None

    def _orders(self) -> Iterator[Clause]:
        for index, (first, second) in enumerate(zip(self.found, self.found[1:], strict=False)):
            if first.kind == "word" and (first.name, second.name) == ("order", "by"):
                end = self._end(index + 2)
                yield Clause(first.start, self.found[end - 1].end, end)

    def _end(self, start: int) -> int:
        depth = 0
        for index in range(start, len(self.found)):
            text = self.found[index].text
            depth += (text in OPENING) - (text in CLOSING)
            is_end = self.found[index].name in ENDS or self._is_frame(index)
            if depth < 0 or (depth == 0 and is_end and text not in CLOSING):
                return index
        return len(self.found)

    def _is_frame(self, index: int) -> bool:
        token, last = self.found[index], self.found[index - 1]
        if token.kind != "word" or token.name not in FRAMES:
            return False
        return last.text == "(" or _ends_value(last)


def _ends_value(token: Token) -> bool:
    return token.text in CLOSING or (token.kind in VALUES and token.name not in BEFORE)
