"""The parts of a selection's query: the cut by its budget, and its order.

It works on the text that runs, so that its answers hold for every selector, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.query.ctes import with_visible
from catalog.query.order_columns import ordered
from catalog.query.parse import Node, nodes
from catalog.query.source_text import SourceText
from catalog.query.tokens import Tokens


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


def with_values(sql: str, values: Mapping[str, Any]) -> str:
    """Return a part of a text with the values of its parameters.

    >>> with_values("value <= $most", {"most": 1.0})
    'value <= 1.0'
    """
    return re.sub(r"\$(\w+)", lambda match: str(values.get(match[1], match[0])), sql)
