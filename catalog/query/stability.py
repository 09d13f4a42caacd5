"""Functions whose answer changes from run to run, by DuckDB's own account of each.

A macro is judged by its body, DuckDB's own macros and the catalog's alike.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.query.parse import SERIALIZE, Node, nodes

if TYPE_CHECKING:
    from catalog.store.database import Connection

# Names without brackets that DuckDB answers from the clock, unless a column has the name.
CLOCKS = frozenset(
    ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
)
HARMLESS = frozenset({"error"})  # VOLATILE to DuckDB, and without an answer
# CONSISTENT to DuckDB, and otherwise in another run: `age` of one argument counts from today.
MISJUDGED = frozenset({("age", 1)})
Functions = tuple[dict[tuple[str, int], bool], dict[str, list[str]]]
KNOWN: dict[
    str, Functions
] = {}  # asked once in a process: DuckDB takes 50 ms to list its functions
PARSED: dict[str, Any] = {}
"""Parse trees of the bodies of macros, each parsed once in a process."""
QUERY = """
SELECT
    lower(function_name),
    CASE WHEN starts_with(function_type, 'table') THEN '' ELSE 'SELECT ' END || macro_definition,
    len(parameters),
    stability <> 'CONSISTENT'
FROM duckdb_functions()
WHERE function_type IN ('scalar', 'macro', 'table_macro')
"""


class Stability:
    """DuckDB's own account of the functions of a connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        if duckdb.__version__ not in KNOWN:
            KNOWN[duckdb.__version__] = _functions(connection)
        self.by_arity, self.bodies = KNOWN[duckdb.__version__]

    def changing(self, root: Node) -> Iterator[tuple[Node, str]]:
        """Return the calls in a parse tree that change from run to run, each with its name."""
        for node in nodes(root):
            name = _called(node)
            if name and self._is_changing(node, name, frozenset()):
                yield node, name

    def _is_changing(self, node: Node, name: str, seen: frozenset[str]) -> bool:
        n_arguments = len(node.get("arguments") or ())
        if name in CLOCKS or (name, n_arguments) in MISJUDGED:
            return True
        if name in seen or name in HARMLESS:
            return False
        if self.by_arity.get((name, n_arguments)):
            return True
        return self.is_changing_macro(name, seen)

    def is_changing_macro(self, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Return whether the body of a macro changes; False where none has that name."""
        return any(
            self._is_changing_body(body, seen | {name}) for body in self.bodies.get(name, ())
        )

    def _is_changing_body(self, body: str, seen: frozenset[str]) -> bool:
        if body not in PARSED:
            rows = self.connection.sql(SERIALIZE, params={"text": body}).fetchall()
            PARSED[body] = json.loads(rows[0][0])
        answer = PARSED[body]
        if answer["error"]:
            return False
        inner = nodes(answer["statements"][0]["node"])
        return any(self._is_changing(node, _called(node), seen) for node in inner if _called(node))


def _functions(connection: Connection) -> Functions:
    """Return whether each function changes, by name and arity, and the bodies of macros."""
    by_arity: dict[tuple[str, int], bool] = {}
    bodies: dict[str, list[str]] = {}
    for name, body, n, is_changing in connection.sql(QUERY).fetchall():
        if body is not None:
            bodies.setdefault(name, []).append(body)
        else:
            by_arity[name, n] = is_changing and by_arity.get((name, n), True)
    return by_arity, bodies


def _called(node: Node) -> str:
    """Return the function that a node calls, or the clock that it names."""
    path: Any = node.get("column_names") or ()
    if len(path) == 1 and str(path[0]).lower() in CLOCKS:
        return str(path[0]).lower()
    return str(node.get("function_name") or "").lower()
