"""The queries inside a query, and the relations that each selects from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.query.parse import Node, kind_of, nodes

KEYS = frozenset({"fingerprint", "instruction_id"})
DEPTH = 50  # of names that stand for names
HIDDEN = {"SEMI", "ANTI"}  # joins whose right side has no columns


@dataclass
class Scope:
    """One query node, with what stands in it and in no query inside it.

    Attributes:
        node: of the parse tree.
        ctes: the queries that it sees by name.
        is_top: whether its rows are the answer.
        windows: its window calls.
        calls: its other function calls, outer ones first.
    """

    node: Node
    ctes: Mapping[str, Node]
    is_top: bool = False
    windows: list[Node] = field(default_factory=list)
    calls: list[Node] = field(default_factory=list)

    @property
    def is_grouped(self) -> bool:
        """Whether it returns groups of rows."""
        is_forced = self.node.get("aggregate_handling") == "FORCE_AGGREGATES"
        return bool(self.node.get("group_expressions")) or is_forced

    def modifier(self, kind: str) -> Node | None:
        """Return its ORDER, LIMIT or DISTINCT clause."""
        found = self.node.get("modifiers") or ()
        return next((one for one in found if str(one.get("type")).startswith(kind)), None)

    @property
    def orders(self) -> list[Node]:
        """Return the expressions of its ORDER BY."""
        return _expressions(self.modifier("ORDER") or {})

    def groups(self) -> list[list[Node]]:
        """Return the relations that it selects from, grouped by joins on a key of members."""
        return _groups(self.node.get("from_table") or {})

    def leaves(self) -> list[Node]:
        """Return the relations that it selects from."""
        return [leaf for group in self.groups() for leaf in group]


def scopes(root: Node) -> list[Scope]:
    """Return every query of a parse tree, the outermost first, without recursion.

    A CTE that nothing reads is left out with all that stands in it: DuckDB never binds it.
    """
    found: list[Scope] = []
    stack: list[tuple[Any, dict[str, Node], Scope | None]] = [(root, {}, None)]
    while stack:
        value, ctes, scope = stack.pop()
        if isinstance(value, list):
            stack.extend((one, ctes, scope) for one in reversed(value))
        elif isinstance(value, dict) and kind_of(value).endswith("_NODE") and "cte_map" in value:
            visible = dict(ctes)
            read = _read_ctes(value)
            for entry in value["cte_map"]["map"]:
                inner = query_of(entry)
                if str(entry["key"]).lower() in read:
                    stack.append((inner, dict(visible), None))
                visible[str(entry["key"]).lower()] = inner
            scope = Scope(value, visible, is_top=not found)
            found.append(scope)
            stack.extend((part, visible, scope) for key, part in value.items() if key != "cte_map")
        elif isinstance(value, dict):
            _note(value, scope)
            stack.extend((part, ctes, scope) for part in value.values())
    return found


def orders_of(call: Node) -> list[Node]:
    """Return the expressions that a window's rows, or an aggregate's, are ordered by."""
    if call.get("class") == "WINDOW":
        return _expressions(call)
    return _expressions(call.get("order_bys") or {})


def name_of(leaf: Node) -> str:
    """Return what a relation in FROM is called; nothing for a subquery without an alias."""
    function = (leaf.get("function") or {}).get("function_name")
    return str(leaf.get("alias") or leaf.get("table_name") or function or "")


def _note(node: Node, scope: Scope | None) -> None:
    if scope is not None and node.get("class") == "WINDOW":
        scope.windows.append(node)
    elif scope is not None and node.get("class") == "FUNCTION" and "function_name" in node:
        scope.calls.append(node)


def _expressions(clause: Node) -> list[Node]:
    return [one["expression"] for one in clause.get("orders") or ()]


def _groups(node: Node) -> list[list[Node]]:
    if node.get("type") == "EMPTY" or not node:
        return []
    if node.get("type") != "JOIN":
        return [[node]]
    left, right = _groups(node["left"]), _groups(node["right"])
    if node.get("join_type") in HIDDEN:
        return left
    if left and right and _is_by_key(node):
        return [left[0] + right[0], *left[1:], *right[1:]]
    return left + right


def _is_by_key(join: Node) -> bool:
    if KEYS & {str(name).lower() for name in join.get("using_columns") or ()}:
        return True
    if join.get("ref_type") == "NATURAL":
        return True
    condition = join.get("condition") or {}
    sides = [condition.get(side) or {} for side in ("left", "right")]
    names = {column_of(side) for side in sides}
    return condition.get("type") == "COMPARE_EQUAL" and len(names) == 1 and names <= KEYS


def column_of(expression: Node) -> str | None:
    """Return the lower-case name of a column, without its relation; None for other expressions."""
    if expression.get("class") != "COLUMN_REF":
        return None
    return str(expression["column_names"][-1]).lower()


def inner_scope(leaf: Node, scope: Scope) -> Scope | None:
    """Return the query that a relation stands for; None for a stored one."""
    if leaf.get("type") == "SUBQUERY":
        return scope_of(leaf["subquery"]["node"], scope.ctes)
    node = scope.ctes.get(str(leaf.get("table_name", "")).lower())
    if node is None or node is scope.node:
        return None
    return scope_of(node, scope.ctes)


def scope_of(node: Node, ctes: Mapping[str, Node]) -> Scope:
    """Return a query with the queries that it sees by name, its own included."""
    entries = (node.get("cte_map") or {}).get("map", ())
    return Scope(node, {**ctes, **{str(one["key"]).lower(): query_of(one) for one in entries}})


def _read_ctes(node: Node) -> set[str]:
    """Return the names of relations that a query reads, itself or by a CTE that is read."""
    read = _relations({key: part for key, part in node.items() if key != "cte_map"})
    for entry in reversed(node["cte_map"]["map"]):
        if str(entry["key"]).lower() in read:
            read |= _relations(entry["value"])
    return read


def _relations(node: Node) -> set[str]:
    found = (one for one in nodes(node) if kind_of(one) == "BASE_TABLE")
    return {str(one["table_name"]).lower() for one in found}


def query_of(entry: Node) -> Node:
    """Return the query of an entry of WITH."""
    value = entry["value"]
    inner: Node = value.get("query") or value.get("query_node")
    node: Node = inner.get("node", inner)
    return node
