"""The calls of the catalog's table functions in a SQL text, with their arguments."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from catalog.errors import QueryError
from catalog.query.parse import Node, kind_of, nodes, offset
from catalog.query.source_text import SourceText
from catalog.query.stability import CONSISTENT
from catalog.query.tokens import Token, Tokens, tokens
from catalog.store.queries import macros_by_name

NAMES = {"=>", ":=", "="}  # DuckDB's own table functions take `k = 3` as well
SCALARS = CONSISTENT | {"map"}  # outside of FROM, a source's name is that of DuckDB's function


@dataclass(frozen=True)
class Argument:
    """One argument as it is written."""

    name: str | None  # of ``name => value``
    value: SourceText
    start: int  # in the text that holds the call

    @property
    def tokens(self) -> tuple[Token, ...]:
        """Return the value's tokens."""
        return tokens(str(self.value))


@dataclass(frozen=True)
class Call:
    """One call in FROM, ``name(argument, ...)``, at an offset of its text."""

    name: str
    text: SourceText
    start: int
    end: int
    arguments: tuple[Argument, ...]
    has_alias: bool

    @property
    def location(self) -> str:
        """Return ``file:line:column`` in the user's text."""
        return self.text.location(self.start)

    def moved(self, text: SourceText) -> Call:
        """Return the call in a text whose part before it has changed.

        Args:
            text: it ends as the call's own text does.
        """
        shift = len(str(text)) - len(str(self.text))
        arguments = tuple(
            replace(argument, start=argument.start + shift) for argument in self.arguments
        )
        return replace(
            self,
            text=text,
            start=self.start + shift,
            end=self.end + shift,
            arguments=arguments,
        )

    def location_of(self, argument: Argument) -> str:
        """Return ``file:line:column`` of one of its arguments."""
        return self.text.location(argument.start)


def outer_calls(text: SourceText, root: Node, names: Collection[str]) -> Iterator[Call]:
    """Yield the calls of some functions that stand in no other call, in the order of the text.

    Raises:
        QueryError: a call is LATERAL, WITH ORDINALITY or has a schema.
    """
    calls = [node for node in nodes(root) if kind_of(node) == "TABLE_FUNCTION"]
    known = [node for node in calls if _name(node) in names]
    end = 0
    for node in sorted(known, key=lambda node: offset(text, node)):
        if offset(text, node) >= end:
            call = _read(text, node)
            end = call.end
            yield call


def scalar_use(
    text: SourceText, root: Node, names: Collection[str], calls: Collection[Call]
) -> str | None:
    """Return the message for a table function used as a value, if there is one.

    Args:
        text: a query.
        root: its parse tree.
        names: of the table functions.
        calls: its outer calls, whose arguments are queries of their own.
    """
    every = list(nodes(root))
    in_from = {id(node["function"]) for node in every if kind_of(node) == "TABLE_FUNCTION"}
    for node in every:
        name = str(node.get("function_name", "")).lower()
        is_call = node.get("class") == "FUNCTION" and not node.get("is_operator")
        if not is_call or id(node) in in_from or name in SCALARS or name in macros_by_name():
            continue
        start = offset(text, node)
        if name in names and not any(call.start <= start < call.end for call in calls):
            return f"{text.location(start)}: {name}(...) returns a relation: use it in FROM"
    return None


def _name(node: Node) -> str:
    return str(node["function"]["function_name"]).lower()


def _read(text: SourceText, node: Node) -> Call:
    name, start = _name(node), offset(text, node)
    layout = Tokens(str(text))
    first = layout.index_at(start)
    fault = _fault(layout, first, name, node)
    if fault:
        raise QueryError(f"{text.location(start)}: {fault}")
    last = layout.closing(first + 1)
    arguments = tuple(_arguments(text, layout, first + 2, last))
    has_alias = bool(node["alias"])
    return Call(name, text, layout[first].start, layout[last].end, arguments, has_alias)


def _fault(layout: Tokens, first: int, name: str, node: Node) -> str | None:
    if layout[first].name == "lateral":
        return f"{name}(...) cannot be LATERAL: it reads a whole relation, not the rows beside it"
    if node["with_ordinality"] != "WITHOUT_ORDINALITY":
        return (
            f"{name}(...) does not support WITH ORDINALITY: "
            "use row_number() OVER (ORDER BY ...) instead"
        )
    if layout[first].name != name or layout[first + 1].text != "(":
        return f"{name} does not take a schema: write {name}(...)"
    return None


def _arguments(text: SourceText, layout: Tokens, start: int, stop: int) -> Iterator[Argument]:
    for first, end in layout.split(start, stop):
        has_name = end - first > 2 and layout[first + 1].text in NAMES
        is_named = has_name and layout[first].kind in ("word", "quoted")
        name = layout[first].name if is_named else None
        value = layout[first + 2 if is_named else first].start
        yield Argument(name, text.cut(value, layout[end - 1].end), layout[first].start)
