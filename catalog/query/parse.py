"""The parse tree of a SQL text by DuckDB's own parser, so that no second grammar can differ."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.errors import ForbiddenQueryError, QueryError
from catalog.query.source_text import SourceText, offset_of_byte
from catalog.query.tokens import tokens

if TYPE_CHECKING:
    from catalog.store.database import Connection

Node = dict[str, Any]

SERIALIZE = "SELECT json_serialize_sql($text::VARCHAR)"
WRITE = "SELECT json_deserialize_sql($tree::JSON)"
NOWHERE = 2**64 - 1  # DuckDB's offset of a node that it did not read from the text
PLACES = frozenset(("query_location", "query_location_length"))
"""The keys of a node that say where it stands in its text."""

_READ: dict[str, tuple[Node, frozenset[str]]] = {}
"""What DuckDB's parser answers of a text: its tree, which nothing changes, and its parameters."""
_MOST = 64


def tree(connection: Connection, text: SourceText) -> Node:
    """Return the parse tree of one SELECT statement, as DuckDB serialises it.

    A text is read once: later calls return the same tree.

    Raises:
        QueryError: the text is not SQL, or is nested too deeply.
        ForbiddenQueryError: it is another kind of statement, or several.
    """
    return _read(connection, text)[0]


def _read(connection: Connection, text: SourceText) -> tuple[Node, frozenset[str]]:
    sql = str(text)
    known = _READ.get(sql)  # another thread may clear it at any time
    if known is None:
        statement = _only_statement(connection, text)
        known = _tree(connection, text, kind=_kind(statement)), _parameters(statement)
        if len(_READ) >= _MOST:
            _READ.clear()
        _READ[sql] = known
    return known


def _tree(connection: Connection, text: SourceText, *, kind: str) -> Node:
    sql = str(text)
    if kind == "MULTI":
        raise QueryError(
            f"{_start(text)}: PIVOT needs its values listed: PIVOT ... ON column IN (value, ...)"
        )
    if kind != "SELECT":
        word = tokens(sql)[0].text.upper()
        raise ForbiddenQueryError(
            f"{_start(text)}: {word} is not allowed: "
            "a query is one SELECT statement, and only reads"
        )
    try:
        answer = json.loads(connection.sql(SERIALIZE, params={"text": sql}).fetchall()[0][0])
    except RecursionError:
        raise QueryError(
            f"{_start(text)}: nested too deeply: name the inner parts in WITH"
        ) from None
    if answer["error"]:
        raise QueryError(
            f"{text.location(int(answer.get('position') or 0))}: {_plain(answer['error_message'])}"
        )
    return dict(answer["statements"][0]["node"])


def nodes(root: Node | list[Node]) -> Iterator[Node]:
    """Yield every node of a tree, without recursion, so that any depth can be read."""
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            yield node
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)


def statements(connection: Connection, text: str) -> list[Node] | None:
    """Return the trees of a text's statements; None unless DuckDB serialises them all.

    Args:
        connection: any DuckDB connection; it parses, and runs nothing.
        text: SELECTs, or anything else.
    """
    try:
        answer = json.loads(connection.execute(SERIALIZE, {"text": text}).fetchall()[0][0])
    except RecursionError:
        return None
    if answer["error"]:
        return None
    return list(answer["statements"])


def written(connection: Connection, statement: Node) -> str | None:
    """Return a statement of `statements` as SQL; None if DuckDB cannot write it.

    Args:
        connection: any DuckDB connection.
        statement: the tree, which may have been changed.
    """
    document = json.dumps({"error": False, "statements": [statement]})
    try:
        return str(connection.execute(WRITE, {"tree": document}).fetchall()[0][0])
    except duckdb.Error:
        return None


def without(node: Any, keys: Collection[str]) -> Any:
    """Return a tree without some keys of its nodes.

    >>> without({"a": [{"b": 1, "c": 2}]}, {"b"})
    {'a': [{'c': 2}]}
    """
    if isinstance(node, list):
        return [without(item, keys) for item in node]
    if isinstance(node, dict):
        return {key: without(value, keys) for key, value in node.items() if key not in keys}
    return node


def kind_of(node: Node) -> str:
    """Return the type of a node; an empty text for the type or the value of a column."""
    kind = node.get("type")
    if not isinstance(kind, str):
        return ""
    return kind


def offset(text: SourceText, node: Node) -> int:
    """Return the offset of a node in the text, in characters; 0 if DuckDB does not know it."""
    location = int(node.get("query_location", NOWHERE))
    if location == NOWHERE:
        return 0
    return offset_of_byte(str(text), location)


def parameters(connection: Connection, text: SourceText) -> frozenset[str]:
    """Return the names of the ``$parameters`` that a text uses.

    Raises:
        QueryError: one is written as ``?`` or ``$1``.
    """
    sql = str(text)
    known = _READ.get(sql)
    names = known[1] if known else _parameters(connection.extract_statements(sql)[0])
    for name in names:
        if name.isdigit():
            raise QueryError(
                f"{_start(text)}: parameters have names: write $name, not ? or ${name}"
            )
    return names


def _parameters(statement: Any) -> frozenset[str]:
    return frozenset(statement.named_parameters)


def _only_statement(connection: Connection, text: SourceText) -> Any:
    sql = str(text)
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(_syntax_error(text, error)) from None
    if not statements:
        raise QueryError(f"{text.name}:1:1: the text has no statement: write a SELECT")
    if len(statements) > 1:
        second = next((token.end for token in tokens(sql) if token.text == ";"), 0)
        raise ForbiddenQueryError(
            f"{text.location(second)}: {len(statements)} statements: "
            "a query is one SELECT statement"
        )
    return statements[0]


def _kind(statement: Any) -> str:
    try:
        return str(statement.type.name)
    except (
        ValueError
    ):  # a statement of a type that the client does not know, such as UPDATE EXTENSIONS
        return "UNKNOWN"


def _syntax_error(text: SourceText, error: duckdb.Error) -> str:
    message, found = located(text, str(error))
    return f"{text.location(found) if found is not None else _start(text)}: {message}"


def located(text: SourceText, message: str) -> tuple[str, int | None]:
    """Return DuckDB's message in one line, and the offset that its caret points at."""
    body, _, excerpt = message.partition("\n\nLINE ")
    match = re.match(r"(\d+): (.*)\n( *)\^", excerpt, re.DOTALL)
    if not match or "\n" in match[2]:
        return _plain(body), None
    lines = str(text).split("\n")
    number = int(match[1])
    column = len(match[3]) - len(f"LINE {number}: ")
    if number > len(lines):
        return _plain(body), None
    shown = match[2]
    if shown.startswith("..."):  # DuckDB cuts a long line at both ends
        column += lines[number - 1].find(shown.removeprefix("...").removesuffix("...")) - len("...")
    return _plain(body), sum(len(line) + 1 for line in lines[: number - 1]) + max(column, 0)


def _plain(message: str) -> str:
    """Return one line without the error's class, with at most three of many candidates."""
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    lines[0] = re.sub(
        r"^(?:TransactionContext )?[A-Z][\w-]*(?: [A-Z][\w-]*)* Error: ", "", lines[0]
    )
    if len(lines) > 5:
        lines = [*lines[:4], "..."]
    return "; ".join(
        line.rstrip(":") if line.startswith("Candidate functions") else line.rstrip(".;!")
        for line in lines
    )


def _start(text: SourceText) -> str:
    found = tokens(str(text))
    return text.location(found[0].start if found else 0)


def mentioned(root: Node) -> frozenset[str] | None:
    """Return every name that a column could have, in lower case.

    None means any: there is a star, a pattern or a whole row.
    """
    names: set[str] = set()
    relations: set[str] = set()
    alone: set[str] = set()
    for node in nodes(root):
        kind = kind_of(node)
        if kind in {"STAR", "SHOW_REF"} or (kind == "JOIN" and node.get("ref_type") == "NATURAL"):
            return None
        path = [str(name).lower() for name in node.get("column_names") or ()]
        names.update(path, (str(name).lower() for name in node.get("using_columns") or ()))
        alone.update(path if len(path) == 1 else ())
        if "column_name_alias" in node:
            relations.update(
                {str(node.get("alias") or "").lower(), str(node.get("table_name") or "").lower()}
            )
            relations.add(str((node.get("function") or {}).get("function_name", "")).lower())
    return None if alone & relations else frozenset(names)
