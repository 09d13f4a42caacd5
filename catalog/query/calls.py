"""Where a SQL text calls the catalog's table functions, and what it gives them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from catalog.errors import QueryError
from catalog.query.parse import Node, kind_of, nodes, offset
from catalog.query.source_text import SqlText, Token, closing, tokens


@dataclass(frozen=True)
class Argument:
    """One argument as it is written."""

    name: str | None  # of ``name => value``
    value: SqlText
    start: int  # in the text that holds the call

    @property
    def tokens(self) -> list[Token]:
        """The value's tokens."""
        return list(tokens(str(self.value)))


@dataclass(frozen=True)
class Call:
    """One call in a FROM: ``name(argument, ...)``, at an offset of its text."""

    name: str
    text: SqlText
    start: int
    end: int
    arguments: tuple[Argument, ...]
    has_alias: bool

    @property
    def place(self) -> str:
        """``file:line:column`` in what the user wrote."""
        return self.text.place(self.start)

    def place_of(self, argument: Argument) -> str:
        """``file:line:column`` of one of its arguments."""
        return self.text.place(argument.start)


def first_call(text: SqlText, root: Node, names: Collection[str]) -> Call | None:
    """The leftmost call of one of the functions; none stands around it, and all that it can see stands before it.

    Raises:
        QueryError: it is LATERAL, or WITH ORDINALITY.
    """
    found = [
        node for node in nodes(root) if kind_of(node) == "TABLE_FUNCTION" and _name(node) in names
    ]
    if not found:
        return None
    return _read(text, min(found, key=lambda node: offset(text, node)))


def scalar_use(text: SqlText, root: Node, names: Collection[str]) -> str | None:
    """The message for a table function that stands where a value is wanted, if one does."""
    for node in nodes(root):
        name = str(node.get("function_name", "")).lower()
        if (
            node.get("class") == "FUNCTION"
            and "query_location" in node
            and name in names
            and not node.get("is_operator")
        ):
            return f"{text.place(offset(text, node))}: {name}(...) is a relation: write it in FROM"
    return None


def _name(node: Node) -> str:
    return str(node["function"]["function_name"]).lower()


def _read(text: SqlText, node: Node) -> Call:
    name, start = _name(node), offset(text, node)
    found = list(tokens(str(text)))
    index = next((i for i, token in enumerate(found) if token.start >= start), 0)
    if found[index].name == "lateral":
        raise QueryError(
            f"{text.place(start)}: {name}(...) cannot be LATERAL: it sees a whole relation, not the rows beside it"
        )
    if node["with_ordinality"] != "WITHOUT_ORDINALITY":
        raise QueryError(
            f"{text.place(start)}: {name}(...) has no WITH ORDINALITY: write row_number() OVER (ORDER BY ...)"
        )
    if found[index].name != name or found[index + 1].text != "(":
        raise QueryError(
            f"{text.place(start)}: {name} stands alone: write {name}(...) without a schema"
        )
    last = closing(found, index + 1)
    arguments = tuple(_arguments(text, found[index + 2 : last], end=found[last].start))
    return Call(
        name, text, found[index].start, found[last].end, arguments, has_alias=bool(node["alias"])
    )


def _arguments(text: SqlText, inside: list[Token], *, end: int) -> Iterator[Argument]:
    part: list[Token] = []
    depth = 0
    for token in inside:
        depth += (token.text in "([{") - (token.text in ")]}")
        if token.text == "," and depth == 0:
            yield _argument(text, part, end=token.start)
            part = []
        else:
            part.append(token)
    if part:
        yield _argument(text, part, end=end)


def _argument(text: SqlText, part: list[Token], *, end: int) -> Argument:
    # `k = 3` is what DuckDB's own table functions take as well.
    named = (
        len(part) > 2 and part[0].kind in {"word", "quoted"} and part[1].text in {"=>", ":=", "="}
    )
    first = part[2] if named else part[0]
    return Argument(
        part[0].name if named else None, text.cut(first.start, part[-1].end), part[0].start
    )
