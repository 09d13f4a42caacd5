"""Whether expressions identify the rows of a query."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catalog.query.parse import Node, nodes
from catalog.query.row_keys import Stage, behind, holds_row_key, item_of, selected, unnests
from catalog.query.scopes import DEPTH, KEYS, Scope, column_of, inner_scope, name_of

HASHES = frozenset(
    {"shuffle_key", "md5", "sha256", "md5_number", "fingerprint_of"}
)  # a key of a key
Unique = Mapping[str, Collection[str]]


def tells_apart(
    expressions: list[Node], scope: Scope, unique: Unique, *, stage: Stage = "groups"
) -> bool:
    """Return whether no two rows of a query agree in all expressions.

    Args:
        expressions: of its ORDER BY, or of a window's partitions and order.
        scope: the query.
        unique: by relation that is no CTE: its columns that are there once each.
        stage: which rows they are of: those before GROUP BY, which an aggregate orders, those
            after it, which a window orders, or those of the answer.
    """
    ordered = expressions
    if stage == "answer" and scope.node.get("type") == "SELECT_NODE":
        ordered = [item_of(one, scope) for one in expressions]
    names = {column_of(one) for one in (*expressions, *ordered)} - {None}
    for one in ordered:
        if _is_everything(one) or (column_of(one) in KEYS and _holds_key(one, scope, 0)):
            return True
        origin, where = _origin(one, scope, unique, 0)
        if origin is True:
            return True
        if origin and _is_number(origin, where) and _partition_names(origin) <= names:
            return True
    return holds_row_key(expressions, scope, stage=stage)


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
        inner = inner_scope(relation, where)
        if inner is None:
            if "fingerprint" not in unique.get(str(relation.get("table_name")), ()):
                return False
        elif depth > DEPTH or not _keeps_rows(inner):
            return False
        else:
            todo += [(one, inner, depth + 1) for one in inner.leaves()]
    return True


def _is_everything(expression: Node) -> bool:
    return expression.get("class") == "STAR"  # ORDER BY ALL


def is_key(name: str, leaves: list[Node], scope: Scope, *, is_query: bool) -> bool:
    """Return whether a column with the name of a key holds one: any expression may have its name.

    Args:
        name: ``fingerprint`` or ``instruction_id``.
        leaves: the relations that may have it.
        scope: the query that selects from them.
        is_query: whether the query's ORDER BY names it, where its own columns come first.
    """
    own = selected(scope, name) if is_query else None
    return (own is None or _holds_key(own, scope, 0)) and _stands_for_key(name, leaves, scope, 0)


def _stands_for_key(name: str, leaves: list[Node], scope: Scope, depth: int) -> bool:
    inner = [one for leaf in leaves if (one := inner_scope(leaf, scope)) is not None]
    stands_for = [(found, one) for one in inner if (found := behind(one, name)) is not None]
    if len(inner) < len(leaves) or not stands_for or depth > DEPTH:
        return name in KEYS  # of a stored relation, or not known
    return any(_holds_key(found, one, depth + 1) for found, one in stands_for)


def _holds_key(expression: Node, scope: Scope, depth: int) -> bool:
    """Return whether an expression is made of a key."""
    columns = ((column_of(node), _leaves_of(node, scope)) for node in _columns(expression))
    return any(_stands_for_key(str(name), leaves, scope, depth) for name, leaves in columns)


def _columns(expression: Node) -> list[Node]:
    return [node for node in nodes(expression) if node.get("class") == "COLUMN_REF"]


def _is_number(expression: Node, scope: Scope) -> bool:
    is_row_number = expression.get("type") == "WINDOW_ROW_NUMBER"
    return is_row_number and len(scope.groups()) == 1 and None not in _partition_names(expression)


def _partition_names(window: Node) -> set[str | None]:
    return {column_of(one) for one in window.get("partitions") or ()}


def _origin(
    expression: Node, scope: Scope, unique: Unique, depth: int
) -> tuple[Node | bool, Scope]:
    """Return the expression behind names of columns; True if its values are unique."""
    name = column_of(expression)
    if depth > DEPTH:
        return False, scope
    if name is None:
        return _of_value(expression, scope, unique, depth), scope
    own = selected(scope, name) if len(expression["column_names"]) == 1 else None
    if own is not None and own is not expression and column_of(own) != name:
        return _origin(own, scope, unique, depth + 1)
    if len(scope.groups()) != 1:
        return name in KEYS, scope
    leaf = next(iter(_leaves_of(expression, scope)), None)
    return (False, scope) if leaf is None else _origin_in(leaf, name, scope, unique, depth)


def _origin_in(
    leaf: Node, name: str, scope: Scope, unique: Unique, depth: int
) -> tuple[Node | bool, Scope]:
    """Return what a column of a relation stands for."""
    inner = inner_scope(leaf, scope)
    if inner is None:
        return name in unique.get(str(leaf.get("table_name")), KEYS), scope
    found = None if inner.is_grouped else behind(inner, name)
    return (False, scope) if found is None else _origin(found, inner, unique, depth + 1)


def _of_value(expression: Node, scope: Scope, unique: Unique, depth: int) -> Node | bool:
    if str(expression.get("function_name", "")).lower() in HASHES and expression.get("arguments"):
        first = expression["arguments"][0]["expression"]
        return _origin(first, scope, unique, depth + 1)[0] is True
    is_window = expression.get("class") == "WINDOW"
    if not is_window:
        return False
    return expression


def _leaves_of(column: Node, scope: Scope) -> list[Node]:
    path = column["column_names"]
    wanted = str(path[-2]).lower() if len(path) > 1 else None
    return [leaf for leaf in scope.leaves() if wanted in (None, name_of(leaf).lower())]


def _keeps_rows(scope: Scope) -> bool:
    """Return whether a query returns each row of its relations once at most."""
    if scope.node.get("type") != "SELECT_NODE" or scope.is_grouped or len(scope.groups()) != 1:
        return False
    return not unnests(scope)
