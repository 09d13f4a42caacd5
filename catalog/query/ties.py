"""Orders that leave ties open, closed by a key that no two rows share.

Which of several equal rows comes first depends on threads and on the order of files. Where a window
numbers rows, or a LIMIT cuts them, the fingerprint decides; rows that are no members are decided by
all that they hold. The key is added to the user's text, at the end of the ORDER BY: nothing else of
the text changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from catalog.query.clause_places import Clauses
from catalog.query.finding import Edit
from catalog.query.parse import Node
from catalog.query.scopes import Scope, name_of, orders_of
from catalog.query.source_text import SourceText
from catalog.query.stubs import Stubs
from catalog.query.tokens import one_line, tokens
from catalog.query.uniqueness import Unique, is_key, is_of_members, tells_apart
from catalog.store.quoting import quoted

RULE = 1  # of the keys below: part of every definition, since another rule gives other members
ALWAYS = {"WINDOW_ROW_NUMBER", "WINDOW_NTILE", "WINDOW_LAG", "WINDOW_LEAD"}  # whatever their frame
# Columns that tell rows apart, the best first. `nearest` gives a row for each query and neighbour.
KEYS = {
    "{0}query_fingerprint, {0}fingerprint": "fingerprint",
    "{0}fingerprint": "fingerprint",
    "fingerprint_of({0}instruction_id)": "instruction_id",
}
UNNAMED = "unnamed_subquery"


@dataclass(frozen=True)
class Relations:
    """What is known of the relations that texts read, by name.

    Attributes:
        unique: the columns of each that are there once.
        ranked: those whose rows come in an order with a meaning.
    """

    unique: Unique
    ranked: Collection[str]


@dataclass(frozen=True)
class Open:
    """An order that leaves ties open.

    Attributes:
        start: where the text changes.
        end: up to where it is replaced.
        before: what comes before the key there.
        after: what comes after it.
        node: what has the order.
        scope: the query that it stands in.
        is_of_groups: whether it orders groups of rows.
    """

    start: int
    end: int
    before: str
    after: str
    node: Node
    scope: Scope
    is_of_groups: bool

    def closed(self, text: SourceText, key: str) -> SourceText:
        """Return the text with the key in its place."""
        return text.replace(self.start, self.end, self.before + key + self.after)

    def edit(self, text: SourceText, key: str) -> Edit | None:
        """Return the same change of the user's text; None if the planner wrote that part."""
        span = text.span(self.start, self.end)
        return None if span is None else Edit(*span, self.before + key + self.after)


def opened(
    text: SourceText, found: list[Scope], known: Relations, aggregates: Callable[[Node], bool]
) -> Iterator[Open | Node]:
    """Return every order of a text that leaves ties open; a bare node where no key can close it.

    Args:
        text: a query.
        found: the queries in it.
        known: what is known of the relations that it reads.
        aggregates: whether the answer of an aggregate depends on the order of its rows.
    """
    clauses = Clauses(str(text))
    for scope in found:
        for window in scope.windows:
            if is_counting(window) and not _is_decided(window, scope, known):
                yield _of_window(clauses, window, scope, known) or window
        for call in scope.calls:
            orders = orders_of(call)
            if orders and aggregates(call) and not _is_total(call, orders, scope, known):
                yield _of_order(clauses, orders, call, scope, is_of_groups=False) or call
        is_open = not tells_apart(scope.orders, scope, known.unique, stage="answer")
        if _is_ranking(scope) and is_open:
            clause = scope.modifier("ORDER") or {}
            is_of_groups = scope.is_grouped
            yield (
                _of_order(clauses, scope.orders, clause, scope, is_of_groups=is_of_groups) or clause
            )


def _is_ranking(scope: Scope) -> bool:
    """Return whether a query's ORDER BY ranks members, or decides which rows are left."""
    is_cut = scope.modifier("LIMIT") or scope.modifier("DISTINCT")
    return bool(scope.orders) and (scope.is_top or bool(is_cut))


def is_counting(window: Node) -> bool:
    """Return whether a window's answer depends on the order of equal rows, and a key may decide it.

    A key takes peers apart: a frame of peers, and ``rank()``, must keep them together.
    """
    kind, start, end = window.get("type"), str(window.get("start")), str(window.get("end"))
    if window.get("arg_orders"):
        return False
    from_start = start == "UNBOUNDED_PRECEDING" or start.endswith("_ROWS")
    to_end = end == "UNBOUNDED_FOLLOWING" or end.endswith("_ROWS")
    if kind in ALWAYS:
        return True
    if kind == "WINDOW_FIRST_VALUE":
        return from_start
    if kind == "WINDOW_LAST_VALUE":
        return to_end
    if kind == "WINDOW_NTH_VALUE":
        return from_start and to_end
    return kind == "WINDOW_AGGREGATE" and (start.endswith("_ROWS") or end.endswith("_ROWS"))


def key_of(place: Open, text: SourceText, known: Relations, stubs: Stubs) -> str | None:
    """Return the key that closes an order; None if there is none."""
    for key in _candidates(place, text, known, stubs):
        if stubs.binds(place.closed(text, key)):
            return key
    return None


def _is_decided(window: Node, scope: Scope, known: Relations) -> bool:
    expressions = [*(window.get("partitions") or ()), *orders_of(window)]
    return tells_apart(expressions, scope, known.unique)


def _is_total(call: Node, orders: list[Node], scope: Scope, known: Relations) -> bool:
    """Return whether an aggregate's order decides; a DISTINCT one is ordered by its argument."""
    return bool(call.get("distinct")) or tells_apart(orders, scope, known.unique, stage="rows")


def _of_order(
    clauses: Clauses, orders: list[Node], node: Node, scope: Scope, *, is_of_groups: bool
) -> Open | None:
    clause = clauses.order_of(orders)
    if clause is None:
        return None
    return Open(clause.end, clause.end, ", ", "", node, scope, is_of_groups)


def _of_window(clauses: Clauses, window: Node, scope: Scope, known: Relations) -> Open | None:
    after = clauses.over(window)
    if after is None:
        return None
    orders, opening = orders_of(window), clauses[after]
    if not (orders or window.get("partitions") or _is_unordered(scope, known)):
        return None
    if opening.text != "(":
        return _of_name(clauses, window, scope, after)
    last = clauses.frame(after, clauses.closing(after))
    clause = clauses.order_of(orders)
    if clause and opening.end <= clause.start < clauses[last].start:
        return Open(clause.end, clause.end, ", ", "", window, scope, scope.is_grouped)
    if orders:  # those of a named window that this one goes on with
        return _of_name(clauses, window, scope, after + 1)
    at = clauses[last - 1].end
    before = " ORDER BY " if last > after + 1 else "ORDER BY "
    return Open(at, at, before, "", window, scope, scope.is_grouped)


def _of_name(clauses: Clauses, window: Node, scope: Scope, index: int) -> Open | None:
    """Replace the name of a window by its definition; other windows keep the name as it is."""
    name = clauses[index]
    brackets = clauses.named(name.name, index)
    if brackets is None:
        return None
    opening, last = brackets
    at = clauses.frame(opening, last)
    body = one_line(clauses.sql[clauses[opening].end : clauses[at - 1].end])
    frame = one_line(clauses.sql[clauses[at].start : clauses[last].start])
    before = body + (", " if orders_of(window) else " ORDER BY ")
    is_bare = clauses[index - 1].name == "over"
    around = ("(" * is_bare, (" " + frame if frame else "") + ")" * is_bare)
    return Open(
        name.start, name.end, around[0] + before, around[1], window, scope, scope.is_grouped
    )


def _is_unordered(scope: Scope, known: Relations) -> bool:
    """Return whether rows are stored ones, without the order of a query or a kernel."""
    leaves = scope.leaves()
    names = {str(leaf.get("table_name") or "").lower() for leaf in leaves}
    is_stored = all(leaf.get("type") == "BASE_TABLE" for leaf in leaves)
    return bool(leaves) and is_stored and not names & {*scope.ctes, *known.ranked}


def _candidates(place: Open, text: SourceText, known: Relations, stubs: Stubs) -> Iterator[str]:
    is_query = place.node.get("class") is None
    distinct = place.scope.modifier("DISTINCT") or {}
    if is_query and distinct and not distinct.get("distinct_on_targets"):
        yield from _positions(place.scope)  # the rows that are left hold nothing else
    elif place.is_of_groups:
        yield from _group_keys(place.scope, stubs)
    else:
        yield from _row_keys(place, text, known, stubs)
    if is_query:
        yield from _positions(place.scope)


def _row_keys(place: Open, text: SourceText, known: Relations, stubs: Stubs) -> Iterator[str]:
    groups, is_query = place.scope.groups(), place.node.get("class") is None
    if not groups:  # of a UNION, which may hold a member twice
        yield from (f"{key.format('')}, {rest}" for rest in _positions(place.scope) for key in KEYS)
    parts = []
    for group in groups:
        is_single = all(is_of_members(leaf, place.scope, known.unique) for leaf in group)
        names = [name_of(leaf) for leaf in group]
        keys = [
            key for key, name in KEYS.items() if is_key(name, group, place.scope, is_query=is_query)
        ]
        tries = keys_of(names, keys, is_alone=len(groups) == 1, is_of_members=is_single)
        parts.append(next((key for key in tries if stubs.binds(place.closed(text, key))), None))
    if groups and None not in parts:
        yield ", ".join(part for part in parts if part)


def keys_of(
    names: list[str], keys: Collection[str] = KEYS, *, is_alone: bool, is_of_members: bool
) -> Iterator[str]:
    """Yield keys that could identify the rows of joined relations, the best first.

    Args:
        names: of the relations.
        keys: those that may be tried.
        is_alone: whether the query selects from no others.
        is_of_members: whether they have at most one row a member; else whole rows decide after
            the key.
    """
    prefixes = [""] * is_alone + [f"{_name(name)}." for name in names if name]
    rows = ", ".join(_name(name or UNNAMED) for name in names)
    rest = "" if is_of_members else f", {rows}"
    yield from (key.format(prefix) + rest for key in keys for prefix in prefixes)
    yield rows


def _group_keys(scope: Scope, stubs: Stubs) -> Iterator[str]:
    node = scope.node
    expressions = [_grouped(one, scope) for one in node.get("group_expressions") or ()]
    if not expressions:
        expressions = [one for one in node["select_list"] if one.get("class") == "COLUMN_REF"]
    written = [_of_group(one, stubs) for one in expressions]
    if written and None not in written:
        key = ", ".join(one for one in written if one)
        is_of_sets = len(node.get("group_sets") or ()) > 1  # in which a key may be there twice
        yield from (f"{key}, {rest}" for rest in _positions(scope) if is_of_sets)
        yield key


def _of_group(expression: Node, stubs: Stubs) -> str | None:
    written = stubs.written(expression)
    path = expression.get("column_names") or [""]
    is_number = written is not None and str(path[-1]).lower() == "instruction_id"
    return f"fingerprint_of({written})" if is_number else written


def _grouped(expression: Node, scope: Scope) -> Node:
    """Return what GROUP BY 1 groups by."""
    literal = expression.get("literal") or expression.get("value") or {}
    if expression.get("class") != "CONSTANT" or not str(literal.get("text", "")).isdigit():
        return expression
    items: list[Node] = scope.node["select_list"]
    return items[min(int(literal["text"]), len(items)) - 1]


def _positions(scope: Scope) -> Iterator[str]:
    """Return all columns of an answer by their numbers: rows that agree in all are the same row."""
    node = scope.node
    while node.get("type") == "SET_OPERATION_NODE":
        node = (node.get("children") or [node.get("left")])[0]
    items = node.get("select_list") or [{"class": "STAR"}]
    if not any(item.get("class") == "STAR" for item in items):
        yield ", ".join(str(number) for number in range(1, len(items) + 1))


def _name(name: str) -> str:
    found = tokens(name)
    is_word = len(found) == 1 and found[0].kind == "word" and name == name.lower()
    return name if is_word else quoted(name)
