"""The parts of a query in another dialect that have no counterpart in DuckDB, with their places."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

import duckdb
from sqlglot import ErrorLevel, exp
from sqlglot.errors import UnsupportedError

from catalog.query.parse import nodes, statements
from catalog.store.connection import Connection


def printed_strictly(tree: exp.Expression) -> str:
    """Return a tree as DuckDB SQL.

    Raises:
        UnsupportedError: sqlglot would leave something out.
    """
    level = ErrorLevel.IMMEDIATE
    return str(tree.sql("duckdb", normalize_functions=False, unsupported_level=level))


def missing_counterpart(
    tree: exp.Expression, dialect: str, own: Collection[str]
) -> tuple[int, str] | None:
    """Return the offset and the reason of a part that DuckDB has not; None if it has all.

    Args:
        tree: the query, read in its dialect.
        dialect: its name.
        own: the names of the catalog's own functions.
    """
    for join in tree.find_all(exp.Join) if dialect == "clickhouse" else ():
        if join.side:
            reason = f"{join.side} JOIN fills in 0 and '' there, and NULL in DuckDB"
            return _start(join) or 0, reason
    try:
        text = printed_strictly(tree)
    except UnsupportedError as error:
        return _unprinted(tree) or (0, str(error))
    with duckdb.connect(":memory:") as opened:
        connection = Connection(opened)
        read = statements(connection, text)
        if read is None:
            return _unread(connection, tree)
    for root in read:
        for node in nodes(root):
            name = str(node.get("function_name") or "").lower()
            if name and name not in own and name not in _functions():
                return _place_of_call(tree, name), f"DuckDB has no function {name}()"
    return None


def _unprinted(tree: exp.Expression) -> tuple[int, str] | None:
    """Return the innermost part that cannot be printed."""
    for node in _innermost_first(tree):
        try:
            printed_strictly(node)
        except UnsupportedError as error:
            return _start(node) or 0, str(error)
    return None


def _unread(connection: Connection, tree: exp.Expression) -> tuple[int, str]:
    """Return the innermost call that DuckDB cannot read, or else the innermost clause."""

    def cannot_read(text: str) -> bool:
        return statements(connection, text) is None

    for node in _innermost_first(tree):
        if isinstance(node, exp.Func) and cannot_read(f"SELECT {printed_strictly(node)}"):
            return _start(node) or 0, f"DuckDB has no {printed_strictly(node)}"
        if isinstance(node, exp.Query) and cannot_read(printed_strictly(node)):
            for clause, part in node.args.items():
                rest = node.copy()
                rest.set(clause, None)
                starts = [start for each in _parts(part) if (start := _start(each)) is not None]
                if starts and not cannot_read(printed_strictly(rest)):
                    reason = (
                        f"DuckDB cannot read {clause.strip('_').upper()} as it is written there"
                    )
                    return min(starts), reason
    return 0, "DuckDB cannot read it"


def _parts(part: object) -> list[exp.Expression]:
    listed = part if isinstance(part, list) else [part]
    return [each for each in listed if isinstance(each, exp.Expression)]


def _place_of_call(tree: exp.Expression, name: str) -> int:
    for node in _innermost_first(tree):
        if isinstance(node, exp.Func) and printed_strictly(node).lower().startswith(f"{name}("):
            start = _start(node)
            if start is not None:
                return start
    return 0


def _innermost_first(tree: exp.Expression) -> Iterator[exp.Expression]:
    yield from reversed(list(tree.bfs()))


def _start(node: exp.Expression) -> int | None:
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return min(starts, default=None)


@cache
def _functions() -> frozenset[str]:
    """Return the names of DuckDB's functions and operators."""
    with duckdb.connect(":memory:") as connection:
        rows = connection.sql("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    return frozenset(name.lower() for (name,) in rows)
