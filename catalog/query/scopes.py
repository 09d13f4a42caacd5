"""The queries inside a query: their relations, and whether expressions identify their rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.query.parse import Node, kind_of, nodes

KEYS = frozenset({"fingerprint", "instruction_id"})
HASHES = frozenset(
    {"shuffle_key", "md5", "sha256", "md5_number", "fingerprint_of"}
)  # a key of a key
DEPTH = 50  # of names that stand for names
Unique = Mapping[str, Collection[str]]
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
    """Return every query of a parse tree, the outermost first, without recursion."""
    found: list[Scope] = []
    stack: list[tuple[Any, dict[str, Node], Scope | None]] = [(root, {}, None)]
    while stack:
        value, ctes, scope = stack.pop()
        if isinstance(value, list):
            stack.extend((one, ctes, scope) for one in reversed(value))
        elif isinstance(value, dict) and kind_of(value).endswith("_NODE") and "cte_map" in value:
            visible = dict(ctes)
            for entry in value["cte_map"]["map"]:
                inner = entry["value"].get("query") or entry["value"].get("query_node")
                inner = inner.get("node", inner)
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


def tells_apart(expressions: list[Node], scope: Scope, unique: Unique) -> bool:
    """Return whether no two rows of a query agree in all expressions.

    Args:
        expressions: of its ORDER BY, or of a window's partitions and order.
        scope: the query.
        unique: by relation that is no CTE: its columns that are there once each.
    """
    names = {_column(one) for one in expressions} - {None}
    for one in expressions:
        if _is_everything(one) or _column(one) in KEYS:
            return True
        origin, where = _origin(one, scope, unique, 0)
        if origin is True:
            return True
        if origin and _is_number(origin, where) and _partition_names(origin) <= names:
            return True
    return False


def is_of_members(leaf: Node, scope: Scope, unique: Unique) -> bool:
    """Return whether a relation has at most one row a member, so that fingerprints identify rows.

    Args:
        leaf: the relation.
        scope: the query that selects from it.
        unique: by relation that is no CTE: its columns that are there once each.
    """
    todo = [(leaf, scope, 0)]
    while todo:
        relation, where, depth = todo.pop()
        inner = _inner(relation, where)
        if inner is None:
            if "fingerprint" not in unique.get(str(relation.get("table_name")), ()):
                return False
        elif depth > DEPTH or not _keeps_rows(inner):
            return False
        else:
            todo += [(one, inner, depth + 1) for one in inner.leaves()]
    return True


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
    names = {_column(side) for side in sides}
    return condition.get("type") == "COMPARE_EQUAL" and len(names) == 1 and names <= KEYS


def _column(expression: Node) -> str | None:
    if expression.get("class") != "COLUMN_REF":
        return None
    return str(expression["column_names"][-1]).lower()


def _is_everything(expression: Node) -> bool:
    return expression.get("class") == "STAR"  # ORDER BY ALL


def _is_number(expression: Node, scope: Scope) -> bool:
    is_row_number = expression.get("type") == "WINDOW_ROW_NUMBER"
    return is_row_number and len(scope.groups()) == 1 and None not in _partition_names(expression)


def _partition_names(window: Node) -> set[str | None]:
    return {_column(one) for one in window.get("partitions") or ()}


def _origin(
    expression: Node, scope: Scope, unique: Unique, depth: int
) -> tuple[Node | bool, Scope]:
    """Return the expression behind names of columns; True if its values are unique."""
    name = _column(expression)
    if depth > DEPTH:
        return False, scope
    if name is None:
        return _of_value(expression, scope, unique, depth), scope
    own = _selected(scope, name) if len(expression["column_names"]) == 1 else None
    if own is not None and own is not expression and _column(own) != name:
        return _origin(own, scope, unique, depth + 1)
    if len(scope.groups()) != 1:
        return name in KEYS, scope
    leaf = next(iter(_leaves_of(expression, scope)), None)
    return (False, scope) if leaf is None else _origin_in(leaf, name, scope, unique, depth)


def _origin_in(
    leaf: Node, name: str, scope: Scope, unique: Unique, depth: int
) -> tuple[Node | bool, Scope]:
    """Return what a column of a relation stands for."""
    inner = _inner(leaf, scope)
    if inner is None:
        return name in unique.get(str(leaf.get("table_name")), KEYS), scope
    found = _selected(inner, name)
    if found is None and _has_star(inner):
        found = {"class": "COLUMN_REF", "column_names": [name]}
    return (False, scope) if found is None else _origin(found, inner, unique, depth + 1)


def _of_value(expression: Node, scope: Scope, unique: Unique, depth: int) -> Node | bool:
    if str(expression.get("function_name", "")).lower() in HASHES and expression.get("arguments"):
        first = expression["arguments"][0]["expression"]
        return _origin(first, scope, unique, depth + 1)[0] is True
    is_window = expression.get("class") == "WINDOW"
    return expression if is_window else False


def _leaves_of(column: Node, scope: Scope) -> list[Node]:
    path = column["column_names"]
    wanted = str(path[-2]).lower() if len(path) > 1 else None
    return [leaf for leaf in scope.leaves() if wanted in (None, name_of(leaf).lower())]


def _inner(leaf: Node, scope: Scope) -> Scope | None:
    """Return the query that a relation stands for; None for a stored one."""
    if leaf.get("type") == "SUBQUERY":
        return Scope(leaf["subquery"]["node"], scope.ctes)
    node = scope.ctes.get(str(leaf.get("table_name", "")).lower())
    return None if node is None or node is scope.node else Scope(node, scope.ctes)


def _selected(scope: Scope, name: str) -> Node | None:
    if scope.is_grouped or scope.node.get("type") != "SELECT_NODE":
        return None
    found: Iterator[Node] = (
        item
        for item in scope.node["select_list"]
        if str(item.get("alias") or _column(item) or "").lower() == name
    )
    return next(found, None)


def _keeps_rows(scope: Scope) -> bool:
    """Return whether a query returns each row of its relations once at most."""
    if scope.node.get("type") != "SELECT_NODE" or scope.is_grouped or len(scope.groups()) != 1:
        return False
    return not any(
        node.get("function_name") == "unnest" for node in nodes(scope.node["select_list"])
    )


def _has_star(scope: Scope) -> bool:
    is_select = scope.node.get("type") == "SELECT_NODE" and not scope.is_grouped
    return is_select and any(item.get("class") == "STAR" for item in scope.node["select_list"])
