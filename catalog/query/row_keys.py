"""Groups and distinct rows: the expressions that each of them has once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from catalog.query.parse import PLACES, Node, nodes, without
from catalog.query.scopes import DEPTH, Scope, column_of, inner_scope, name_of

Stage = Literal["rows", "groups", "answer"]
AGGREGATES = frozenset({"avg", "count", "count_star", "max", "min", "sum"})
IGNORED = PLACES | {"alias"}


def holds_row_key(expressions: list[Node], scope: Scope, *, stage: Stage) -> bool:
    """Return whether expressions hold all that groups or distinct rows are made of.

    Args:
        expressions: of the rows of a query.
        scope: the query; where it selects from one other, that one's rows decide.
        stage: which of its rows they are of.
    """
    for depth in range(DEPTH):
        if stage == "answer" and not depth and _holds(expressions, _items(scope), scope):
            return True  # rows that agree in all that comes out are the same row
        if scope.node.get("type") != "SELECT_NODE":
            return False
        if stage != "rows" and scope.is_grouped:
            return _holds(expressions, _groups(scope), scope)
        if depth and _holds(expressions, _distinct(scope), scope):
            return True
        if _names_rows(expressions, scope):
            return True
        leaves = scope.leaves()
        inner = inner_scope(leaves[0], scope) if len(leaves) == 1 else None
        if inner is None or (depth and unnests(scope)):
            return False
        expressions = list(_behind(expressions, scope, inner))
        scope, stage = inner, "answer"
    return False


def selected(scope: Scope, name: str) -> Node | None:
    """Return the item of a query without groups that has a name."""
    if scope.is_grouped:
        return None
    return _named(scope, name)


def behind(scope: Scope, name: str) -> Node | None:
    """Return what a column of a query's answer stands for; a star passes any column on."""
    found = _named(scope, name)
    if found is None and _has_star(scope):
        return {"class": "COLUMN_REF", "column_names": [name]}
    return found


def unnests(scope: Scope) -> bool:
    """Return whether a query gives several rows for one of its relation."""
    return any(node.get("function_name") == "unnest" for node in nodes(scope.node["select_list"]))


def _named(scope: Scope, name: str) -> Node | None:
    if scope.node.get("type") != "SELECT_NODE":
        return None
    items: list[Node] = scope.node["select_list"]
    names = (str(item.get("alias") or column_of(item) or "").lower() for item in items)
    return next((item for item, each in zip(items, names, strict=True) if each == name), None)


def _has_star(scope: Scope) -> bool:
    is_select = scope.node.get("type") == "SELECT_NODE"
    return is_select and any(item.get("class") == "STAR" for item in scope.node["select_list"])


def _groups(scope: Scope) -> list[Node] | None:
    """Return what a query groups by; None if that is unknown."""
    groups: list[Node] = scope.node.get("group_expressions") or []
    if len(scope.node.get("group_sets") or [()]) > 1:
        return None
    if groups:
        return [item_of(group, scope) for group in groups]
    others = [item for item in scope.node["select_list"] if column_of(item) is None]
    is_known = all(str(item.get("function_name")).lower() in AGGREGATES for item in others)
    if not is_known:
        return None
    return [item for item in scope.node["select_list"] if item not in others]


def _items(scope: Scope) -> list[Node] | None:
    """Return the columns of an answer; None if a star stands for some."""
    node = scope.node
    while node.get("type") == "SET_OPERATION_NODE":
        node = (node.get("children") or [node.get("left")])[0]
    items: list[Node] = node.get("select_list") or [{"class": "STAR"}]
    if any(item.get("class") == "STAR" for item in items):
        return None
    return items


def _distinct(scope: Scope) -> list[Node] | None:
    """Return what DISTINCT leaves once in a query's answer; None without DISTINCT."""
    clause = scope.modifier("DISTINCT")
    if clause is None:
        return None
    targets: list[Node] = clause.get("distinct_on_targets") or []
    return [item_of(target, scope) for target in targets] if targets else _items(scope)


def _names_rows(expressions: list[Node], scope: Scope) -> bool:
    """Return whether whole rows of every relation are among some expressions."""
    paths: list[list[str]] = [one.get("column_names") or [] for one in expressions]
    names = {path[0].lower() for path in paths if len(path) == 1}
    leaves = scope.leaves()
    return bool(leaves) and all(name_of(leaf).lower() in names for leaf in leaves)


def _holds(expressions: list[Node], wanted: list[Node] | None, scope: Scope) -> bool:
    if wanted is None:
        return False
    written = [*expressions, *(item_of(one, scope) for one in expressions)]
    return all(any(_is_same(one, each) for one in written) for each in wanted)


def item_of(expression: Node, scope: Scope) -> Node:
    """Return the item of the select list that a number or an alias stands for."""
    items = _items(scope) or []
    literal = expression.get("literal") or expression.get("value") or {}
    text = str(literal.get("text", "")) if isinstance(literal, dict) else ""
    if items and expression.get("class") == "CONSTANT" and text.isdigit():
        return items[min(int(text), len(items)) - 1]
    if len(expression.get("column_names") or ()) != 1:
        return expression
    name = column_of(expression)
    return next((item for item in items if str(item.get("alias")).lower() == name), expression)


def _behind(expressions: list[Node], scope: Scope, inner: Scope) -> Iterator[Node]:
    """Yield what the columns of one relation stand for in the query that it is."""
    for expression in (*expressions, *(item_of(one, scope) for one in expressions)):
        name = column_of(expression)
        found = None if name is None else behind(inner, name)
        if found is not None and found.get("class") != "CONSTANT":  # which would be a position
            yield found


def _is_same(left: Node, right: Node) -> bool:
    names = [[str(name).lower() for name in one.get("column_names") or ()] for one in (left, right)]
    if all(names):
        short, long = sorted(names, key=len)
        return long[-len(short) :] == short
    return bool(without(left, IGNORED) == without(right, IGNORED))
