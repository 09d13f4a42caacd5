"""Whether two parsers read a text alike.

What sqlglot read is printed and given to DuckDB's parser: the tree must be that of the user's text.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlglot import exp, parse_one

from catalog.query.meaning.dialect import UNREADABLE, Faithful, printed
from catalog.query.parse import PLACES, statements

if TYPE_CHECKING:
    from catalog.store.database import Connection

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of what it cannot read

TYPES = {
    "BOOL": "BOOLEAN",
    "BPCHAR": "TEXT",
    "BYTEA": "BLOB",
    "CHAR": "TEXT",
    "DATETIME": "TIMESTAMP",
    "FLOAT4": "FLOAT",
    "FLOAT8": "DOUBLE",
    "HUGEINT": "INT128",
    "INT2": "SMALLINT",
    "INT4": "INT",
    "INT8": "BIGINT",
    "INTEGER": "INT",
    "LOGICAL": "BOOLEAN",
    "LONG": "BIGINT",
    "REAL": "FLOAT",
    "SHORT": "SMALLINT",
    "STRING": "TEXT",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    "UHUGEINT": "UINT128",
    "VARCHAR": "TEXT",
}
SYNONYMS = {
    "**": "pow",
    "^": "pow",
    "group_concat": "string_agg",
    "len": "length",
    "list": "array_agg",
    "list_contains": "array_contains",
    "list_has": "array_contains",
    "listagg": "string_agg",
    "max_by": "arg_max",
    "min_by": "arg_min",
    "power": "pow",
}


def understood(connection: Connection, text: str) -> exp.Query | None:
    """Read a text with sqlglot where it reads what DuckDB reads.

    Args:
        connection: any DuckDB connection; it parses, and runs nothing.
        text: one SELECT.

    Returns:
        The tree, or None if sqlglot cannot read the text or reads it otherwise.
    """
    theirs = statements(connection, text)
    if theirs is None:
        return None
    try:
        tree = parse_one(text, dialect=Faithful)
        again = printed(tree)
    except UNREADABLE:
        return None
    if not isinstance(tree, exp.Query):
        return None
    ours = statements(connection, again)
    is_same = ours is not None and _normal(ours) == _normal(theirs)
    return tree if is_same else None


def _normal(node: Any) -> Any:
    """Return a tree without positions, and in one form for what means the same."""
    if isinstance(node, list):
        return [_normal(item) for item in node]
    if not isinstance(node, dict):
        return node
    normal = {key: _normal(value) for key, value in node.items() if key not in PLACES}
    if normal.get("type") == "OPERATOR_IS_NOT_NULL":
        inner = normal | {"type": "OPERATOR_IS_NULL", "alias": ""}
        return {
            "class": "OPERATOR",
            "type": "OPERATOR_NOT",
            "alias": normal["alias"],
            "children": [inner],
        }
    if normal.get("null_order") in ("NULLS LAST", "NULLS_LAST"):
        normal["null_order"] = "ORDER_DEFAULT"
    if normal.get("type") in ("ORDER_DEFAULT", "ASCENDING"):
        normal["type"] = "ASC"
    if normal.get("class") == "TYPE":  # DuckDB ignores the case of a type's name
        name = TYPES.get(normal["type_name"].upper(), normal["type_name"].upper())
        normal |= {"type_name": name, "qualified_name": None}
    if "function_name" in normal and "is_operator" in normal:
        name = normal["function_name"]
        normal["function_name"] = SYNONYMS.get(name, name)
    return normal
