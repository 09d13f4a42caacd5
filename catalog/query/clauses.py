"""The parts of a selection's query: the cut by its budget, its order and its conditions.

It works on the text that runs, so that its answers hold for every selector, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.query.ctes import with_visible
from catalog.query.order_columns import ordered
from catalog.query.parse import Node, nodes
from catalog.query.source_text import SourceText
from catalog.query.tokens import Tokens, shown

CONDITIONS = ("where", "having", "qualify")
OPERATIONS = ("union", "intersect", "except")
CLAUSES = (*CONDITIONS, *OPERATIONS, "group", "window", "order", "limit", "offset", "using")
ENDS = {*OPERATIONS, "order", "limit", "offset", ";"}  # of the right side of a set operation


@dataclass(frozen=True)
class Cut:
    """The query that ``LIMIT $budget`` ends, wherever in a text it stands.

    Attributes:
        query: the query without the limit, as a text that runs alone.
        with_order: the same with one column more for each expression of ``order`` that it does not
            return; None if it returns them all.
        order: the expressions that it is ordered by, as a person reads them.
        columns: the column of ``with_order``, else of ``query``, that holds each of these, and
            whether the text itself gives it that name.
    """

    query: SourceText
    with_order: SourceText | None
    order: tuple[str, ...]
    columns: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Condition:
    """One WHERE, HAVING or QUALIFY of a text.

    Attributes:
        shown: the condition with its keyword, as a person reads it.
        without: the whole text without it.
        source: the FROM that its columns come from, as the end of a query that runs alone; None if
            rows are grouped before.
        expression: the condition without its keyword.
        at: the offset in the text from which its query sees its CTEs.
    """

    shown: str
    without: SourceText
    source: SourceText | None
    expression: SourceText
    at: int


def cut_of(text: SourceText) -> Cut | None:
    """Return the query that the budget cuts; None if no ``LIMIT $budget`` stands alone.

    >>> cut = cut_of(SourceText.of("SELECT id, n FROM t ORDER BY n DESC, abs(m) LIMIT $budget"))
    >>> str(cut.query), cut.order
    ('SELECT id, n FROM t ORDER BY n DESC, abs(m) ', ('n DESC', 'abs(m)'))
    >>> str(cut.with_order)
    'SELECT id, n , abs(m) AS "order" FROM t ORDER BY n DESC, abs(m) '
    >>> cut.columns
    (('n', True), ('order', False))
    """
    layout = Tokens(str(text))
    limits = budget_limits(layout)
    if len(limits) != 1:
        return None
    limit = limits[0]
    opening, last, after = layout.around[limit], layout.end_of(limit), limit + 2
    has_more = after < last and layout[after].text != ";"  # an OFFSET, or a share of the budget
    is_with = opening >= 0 and layout[opening + 1].name == "with"
    if has_more or is_with:
        return None
    start = layout[opening].end if opening >= 0 else 0
    query = text.cut(start, layout[limit].start)
    order = ordered(text, layout, opening + 1, limit)
    with_order = order.query
    if opening >= 0:
        query = with_visible(text, start, query)
        with_order = with_visible(text, start, with_order) if with_order else None
    return Cut(query, with_order, order.shown, order.columns)


def budget_limits(layout: Tokens) -> list[int]:
    """Return every ``LIMIT $budget`` of a text, by the index of its LIMIT."""
    return [
        index
        for index in range(len(layout) - 1)
        if layout[index].name == "limit" and layout[index + 1].text == "$budget"
    ]


def groups(root: Node) -> list[tuple[str, ...]]:
    """Return the sets of columns that partition a query's windows, the finest first.

    Args:
        root: the parse tree of the query.
    """
    columns = set()
    for node in nodes(root):
        partitions = node.get("partitions") or ()
        is_by_column = all(part.get("class") == "COLUMN_REF" for part in partitions)
        if node.get("class") == "WINDOW" and partitions and is_by_column:
            columns.add(tuple(str(part["column_names"][-1]) for part in partitions))
    return sorted(columns, key=lambda names: (-len(names), names))


def conditions(text: SourceText) -> Iterator[Condition]:
    """Yield every condition that can drop a row, in the order of the text.

    >>> sql = "SELECT id FROM (SELECT * FROM t WHERE a.b<=1 ORDER BY 1) WHERE f(n, 2)"
    >>> [condition.shown for condition in conditions(SourceText.of(sql))]
    ['WHERE a.b <= 1', 'WHERE f(n, 2)']
    """
    layout = Tokens(str(text))
    for index, token in enumerate(layout.items):
        is_filter = layout[index - 1].text == "(" and layout[index - 2].name == "filter"
        if token.is_word(*CONDITIONS) and not is_filter:
            yield _condition(text, layout, index)


def _condition(text: SourceText, layout: Tokens, index: int) -> Condition:
    word, last = layout[index], layout.end_of(index)
    level = layout.level(index + 1, last)
    end = next((i for i in level if layout[i].is_word(*CLAUSES)), last)
    start, stop = layout[index + 1].start, layout[end - 1].end
    before = layout.level(layout.around[index] + 1, index)
    froms = [layout[i].start for i in before if layout[i].name == "from"]
    has_source = word.name == "where" and froms
    expression = text.cut(start, stop)
    return Condition(
        shown=f"{word.name.upper()} {shown(str(expression))}",
        without=text.cut(0, word.start) + " " + text.cut(stop, len(str(text))),
        source=text.cut(froms[-1], word.start) if has_source else None,
        expression=expression,
        at=froms[-1] if froms else word.start,
    )


def operations(text: SourceText) -> Iterator[tuple[str, SourceText, SourceText]]:
    """Yield every UNION, EXCEPT and INTERSECT with its left and right side as texts that run alone.

    >>> text = SourceText.of("FROM a EXCEPT ALL FROM b ORDER BY n")
    >>> [(word, str(left), str(right)) for word, left, right in operations(text)]
    [('EXCEPT', 'FROM a', 'FROM b')]
    """
    layout = Tokens(str(text))
    for index, token in enumerate(layout.items):
        is_star = layout[index - 1].text == "*"  # SELECT * EXCEPT (a)
        if token.is_word(*OPERATIONS) and not is_star:
            yield token.name.upper(), *_sides(text, layout, index)


def _sides(text: SourceText, layout: Tokens, index: int) -> tuple[SourceText, SourceText]:
    opening, last = layout.around[index], layout.end_of(index)
    first = index + 1
    first += layout[first].name in {"all", "distinct"}
    first += 2 * (layout[index + 1].name == "by")  # BY NAME
    end = next((i for i in layout.level(first, last) if layout[i].name in ENDS), last)
    start = layout[opening + 1].start
    left = text.cut(start, layout[index - 1].end)
    right = text.cut(layout[first].start, layout[end - 1].end)
    return (
        with_visible(text, start, left) if opening >= 0 else left,
        with_visible(text, layout[first].start, right),
    )


def with_values(sql: str, values: Mapping[str, Any]) -> str:
    """Return a part of a text with the values of its parameters.

    >>> with_values("value <= $most", {"most": 1.0})
    'value <= 1.0'
    """
    return re.sub(r"\$(\w+)", lambda match: str(values.get(match[1], match[0])), sql)
