"""The rules of what a SQL text may read, checked before it runs.

This is the first of two walls: it gives clear messages and refuses what DuckDB leaves open. The
second is the connection, which has no files, no extensions, no settings and a read-only database
(`catalog.query.session`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import cache

from catalog.errors import ForbiddenQueryError, QueryError, SelectionError
from catalog.query.parse import Node, kind_of, nodes, offset
from catalog.query.source_text import SourceText
from catalog.query.stability import Stability
from catalog.store.database import Connection
from catalog.store.queries import macros
from catalog.store.references import nearest

QUERY_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}

# Of DuckDB's own table functions, those that read what a query may read. All others are refused,
# new ones included.
TABLE_FUNCTIONS = frozenset(
    [
        "duckdb_columns",
        "duckdb_constraints",
        "duckdb_functions",
        "duckdb_keywords",
        "duckdb_schemas",
        "duckdb_tables",
        "duckdb_types",
        "duckdb_views",
        "generate_series",
        "generate_subscripts",
        "histogram",
        "histogram_values",
        "json_each",
        "json_tree",
        "pragma_table_info",
        "pragma_version",
        "range",
        "repeat",
        "repeat_row",
        "summary",
        "unnest",
    ]
)
# Scalar functions that see outside the query, write, wait, or take memory apart.
SCALARS = frozenset(
    [
        "getenv",
        "getvariable",
        "current_setting",
        "nextval",
        "currval",
        "setval",
        "setseed",
        "write_log",
        "sleep_ms",
        "pg_sleep",
        "finalize",
        "combine",
        "to_aggregate_state",
        "current_query",
        "inet_server_addr",
        "inet_client_addr",
        "json_execute_serialized_sql",
    ]
)
TABLES = frozenset(
    {
        "duckdb_settings",
        "duckdb_secrets",
        "duckdb_databases",
        "duckdb_logs",
        "duckdb_variables",
        "pg_settings",
    }
)
PATH = re.compile(
    r"[/\\*?]|\.(csv|tsv|json|jsonl|ndjson|parquet|duckdb|db|txt|gz|zst|arrow)$|^[a-z0-9]+:",
    re.IGNORECASE,
)


@cache
def table_macros() -> frozenset[str]:
    """Return the catalog's own macros that return tables."""
    found = (re.search(r"MACRO (\w+)\(.*\) AS TABLE", text) for text in macros())
    return frozenset(match[1] for match in found if match)


def check(text: SourceText, root: Node, *, functions: Collection[str] = ()) -> None:
    """Refuse a parsed query that asks for more than reading the catalog.

    Args:
        text: what the user wrote.
        root: its parse tree, from `catalog.query.parse.tree`.
        functions: the catalog's own table functions.

    Raises:
        ForbiddenQueryError: it would write, read a file, run a text, or see the machine.
        QueryError: it calls a table function that does not exist.
    """
    named = {
        str(entry["key"]).lower()
        for node in nodes(root)
        for entry in (node.get("cte_map") or {}).get("map", ())
    }
    for node in nodes(root):
        kind = kind_of(node)
        if kind == "BASE_TABLE" and str(node["table_name"]).lower() in named:
            continue
        if kind.endswith("_NODE") and kind not in QUERY_NODES:
            verb = kind.removesuffix("_QUERY_NODE").removesuffix("_NODE")
            raise ForbiddenQueryError(
                f"{text.location(0)}: {verb} inside WITH is not allowed: a query only reads"
            )
        rule = RULES.get(kind)
        if rule:
            rule(text, node, functions)


def check_repeatable(
    connection: Connection, text: SourceText, root: Node, *, functions: Collection[str]
) -> None:
    """Refuse a selection whose answer could change when it runs again.

    Raises:
        SelectionError: it samples without a seed, reads the clock, or has no order.
    """
    for node, name in Stability(connection, functions).changing(root):
        where = text.location(offset(text, node))
        raise SelectionError(
            f"{where}: {name} changes from run to run: pass a moment as a $parameter; "
            "uniform_hash(fingerprint, $seed) is a reproducible random number"
        )
    for node in nodes(root):
        if node.get("sample"):
            raise SelectionError(
                f"{text.name}: SAMPLE changes from run to run: "
                "ORDER BY shuffle_key(fingerprint, $seed) LIMIT n is a reproducible sample"
            )
    if not any(modifier.get("type") == "ORDER_MODIFIER" for modifier in root["modifiers"]):
        raise SelectionError(
            f"{text.name}: the last SELECT has no ORDER BY: it must say the rank order"
        )


def _table_function(text: SourceText, node: Node, functions: Collection[str]) -> None:
    name = str(node["function"]["function_name"]).lower()
    if name in TABLE_FUNCTIONS or name in functions:
        return
    where = text.location(offset(text, node))
    if name in {"query", "query_table"}:
        raise ForbiddenQueryError(
            f"{where}: {name}() runs a text that nobody has checked: write its SELECT here"
        )
    if re.match(r"read_|parquet_|glob$|sniff_|arrow_scan|python_|pandas_", name):
        raise ForbiddenQueryError(
            f"{where}: {name}() reads outside the catalog: register the file as a pool first"
        )
    if re.match(
        r"duckdb_|pragma_|pg_|icu_|enable_|disable_|register_|create_|destroy_|deregister_"
        r"|json_execute|test_|truncate_",
        name,
    ):
        raise ForbiddenQueryError(f"{where}: {name}() is not allowed in a query")
    if name in {"checkpoint", "force_checkpoint", "which_secret", "seq_scan"}:
        raise ForbiddenQueryError(f"{where}: {name}() is not allowed in a query")
    known = [*functions, *sorted(TABLE_FUNCTIONS)]
    raise QueryError(f"{where}: there is no table function {name}{nearest(name, known)}")


def _scalar(text: SourceText, node: Node, functions: Collection[str]) -> None:
    name = str(node.get("function_name", "")).lower()
    if name in SCALARS or name.startswith("__internal"):
        raise ForbiddenQueryError(
            f"{text.location(offset(text, node))}: {name}() is not allowed in a query"
        )


def _table(text: SourceText, node: Node, functions: Collection[str]) -> None:
    name = str(node["table_name"])
    where = text.location(offset(text, node))
    if name.lower() in TABLES:
        raise ForbiddenQueryError(f"{where}: {name} is not readable in a query")
    if PATH.search(name):
        raise ForbiddenQueryError(
            f"{where}: {name!r} looks like a file, and a query reads no files: "
            "register it as a pool first"
        )


RULES: dict[str, Callable[[SourceText, Node, Collection[str]], None]] = {
    "TABLE_FUNCTION": _table_function,
    "FUNCTION": _scalar,
    "WINDOW": _scalar,
    "BASE_TABLE": _table,
}
