"""Queries that only rename and drop columns of a relation in memory, answered without a copy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from catalog.query.parse import Node

if TYPE_CHECKING:
    import pyarrow as pa

CLAUSES = (
    "where_clause",
    "group_expressions",
    "group_sets",
    "having",
    "sample",
    "qualify",
    "modifiers",
)


def projection(root: Node, relations: Mapping[str, pa.Table]) -> pa.Table | None:
    """Return the answer of ``SELECT column [AS name], ... FROM relation``, nested or not.

    Any other query gives None.

    Args:
        root: the query's parse tree.
        relations: what is registered, by name.
    """
    if (
        root["type"] != "SELECT_NODE"
        or root["cte_map"]["map"]
        or any(root.get(clause) for clause in CLAUSES)
    ):
        return None
    table = _from(root["from_table"], relations)
    if table is None:
        return None
    by_name = {name.lower(): name for name in table.column_names}
    chosen: list[tuple[str, str]] = []
    for expression in root["select_list"]:
        if _is_plain_star(expression):
            chosen.extend((name, name) for name in table.column_names)
        elif (
            expression["class"] == "COLUMN_REF"
            and expression["column_names"][-1].lower() in by_name
        ):
            path = expression["column_names"]
            if len(path) > 2 or (len(path) == 2 and path[0].lower() != _name(root["from_table"])):
                return None
            chosen.append(
                (expression["alias"] or by_name[path[-1].lower()], by_name[path[-1].lower()])
            )
        else:
            return None
    if len({name for name, _ in chosen}) < len(chosen):
        return None  # DuckDB renames them
    return table.select([column for _, column in chosen]).rename_columns(
        [name for name, _ in chosen]
    )


def _from(node: Node, relations: Mapping[str, pa.Table]) -> pa.Table | None:
    if node.get("sample") or node.get("column_name_alias"):
        return None
    if node["type"] == "BASE_TABLE":
        return relations.get(str(node["table_name"]))
    if node["type"] == "SUBQUERY":
        return projection(node["subquery"]["node"], relations)
    return None


def _name(node: Node) -> str:
    return str(node["alias"] or node.get("table_name", "")).lower()


def _is_plain_star(node: Node) -> bool:
    return node["type"] == "STAR" and not any(
        node.get(key)
        for key in (
            "relation_name",
            "exclude_list",
            "replace_list",
            "columns",
            "expr",
            "qualified_exclude_list",
            "rename_list",
        )
    )
