"""The locations of clauses that DuckDB's tree knows by their expressions alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from catalog.query.parse import NOWHERE, Node, nodes
from catalog.query.source_text import offset_of_byte
from catalog.query.tokens import CLOSING, Token, Tokens

ENDS = {"limit", "offset", ";", "fetch", "using"}
FRAMES = ("rows", "range", "groups")
VALUES = {"word", "quoted", "number", "string", "parameter"}  # tokens that can end an expression
BEFORE = {"by", "and", "or", "not", "then", "else", "when", "in", "like", "between", "is"}


@dataclass(frozen=True)
class Clause:
    """One ORDER BY: its first offset and the offset where another expression can be added."""

    start: int
    end: int


class Clauses(Tokens):
    """The tokens of one text with its ORDER BY clauses and windows."""

    def __init__(self, sql: str) -> None:
        super().__init__(sql)
        self.orders = list(self._orders())

    def order_of(self, expressions: list[Node]) -> Clause | None:
        """Return the innermost ORDER BY that holds the last of some expressions."""
        offsets = self.offsets(expressions[-1])[:1] if expressions else []
        around = [order for order in self.orders for at in offsets if order.start <= at < order.end]
        return max(around, key=lambda order: order.start, default=None)

    def offsets(self, expression: Node) -> list[int]:
        """Return the offsets of the parts of an expression, in ascending order."""
        locations = (int(node.get("query_location", NOWHERE)) for node in nodes(expression))
        return sorted(offset_of_byte(self.sql, byte) for byte in locations if byte != NOWHERE)

    def arguments(self, call: Node) -> list[tuple[int, int]]:
        """Return the start and the end of each of a call's arguments."""
        opening = self._opening(call)
        if opening is None:
            return []
        last = self.closing(opening)
        orders = (i for i in self.level(opening + 1, last) if self[i].name == "order")
        parts = self.split(opening + 1, next(orders, last))
        return [(self[first].start, self[stop - 1].end) for first, stop in parts]

    def end_of_arguments(self, call: Node) -> int | None:
        """Return the offset of the bracket that closes a call's arguments."""
        opening = self._opening(call)
        if opening is None:
            return None
        return self[self.closing(opening)].start

    def limit_of(self, clause: Node) -> int | None:
        """Return the offset of the word LIMIT of a clause."""
        offsets = self.offsets(clause)[:1]
        before = [self.index_at(offset) - 1 for offset in offsets]
        return next((self[i].start for i in before if i >= 0 and self[i].name == "limit"), None)

    def over(self, window: Node) -> int | None:
        """Return the index of the token after a window's OVER: a bracket or a name."""
        opening = self._opening(window)
        if opening is None:
            return None
        after = range(self.closing(opening) + 1, len(self) - 1)
        return next((i + 1 for i in after if self[i].name == "over"), None)

    def named(self, name: str, index: int) -> tuple[int, int] | None:
        """Return the brackets of ``WINDOW name AS (...)`` for a token that uses the name."""
        visible = {self.around[index]}
        while -1 not in visible:
            visible.add(self.around[min(visible)])
        found = [  # after what a SELECT returns, and before what QUALIFY reads
            i
            for i in range(len(self) - 2)
            if self[i].name == name and self[i + 1].name == "as" and self[i + 2].text == "("
            if self.around[i] in visible and self._is_of_window(i)
        ]
        opening = max(found, key=lambda i: self.around[i], default=None)  # of the innermost query
        return None if opening is None else (opening + 2, self.closing(opening + 2))

    def _is_of_window(self, index: int) -> bool:
        """Return whether a name with AS is one of a WINDOW clause, and not one of a WITH."""
        level = [i for i in range(index) if self.around[i] == self.around[index]]
        clauses = (self[i].name for i in reversed(level))
        return next((name for name in clauses if name in {"window", "with"}), "") == "window"

    def frame(self, opening: int, last: int) -> int:
        """Return the index of a window's frame; without one, of the bracket that ends it."""
        return next((i for i in self.level(opening + 1, last) if self._is_frame(i)), last)

    def _opening(self, call: Node) -> int | None:
        """Return the bracket after the name of a call, whatever schema precedes it."""
        offsets = self.offsets({"query_location": call.get("query_location", NOWHERE)})
        first = self.index_at(offsets[0]) if offsets else len(self)
        near = range(first, min(first + 6, len(self)))
        return next((i for i in near if self[i].text == "("), None)

    def _orders(self) -> Iterator[Clause]:
        for index in range(len(self) - 1):
            if self[index].is_word("order") and self[index + 1].name == "by":
                yield Clause(self[index].start, self[self._end(index) - 1].end)

    def _end(self, order: int) -> int:
        """Return the index of the token that ends an ORDER BY."""
        last = self.end_of(order)
        level = self.level(order + 2, last)
        return next((i for i in level if self[i].name in ENDS or self._is_frame(i)), last)

    def _is_frame(self, index: int) -> bool:
        last = self[index - 1]
        return self[index].is_word(*FRAMES) and (last.text == "(" or _ends_value(last))


def _ends_value(token: Token) -> bool:
    return token.text in CLOSING or (token.kind in VALUES and token.name not in BEFORE)
