"""A selection's query taken apart: where its budget cuts, what decides the order, which conditions leave rows out.

It works on the text that runs, so that what it finds is true of every selector, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.query.ctes import with_visible
from catalog.query.parse import Node, nodes
from catalog.query.source_text import CLOSING, OPENING, SqlText, Token, closing, tokens

CLAUSES = {
    "group",
    "having",
    "window",
    "qualify",
    "order",
    "limit",
    "offset",
    "using",
    "union",
    "intersect",
    "except",
    "where",
}
CONDITIONS = {"where", "having", "qualify"}
OPERATIONS = {"union", "except", "intersect"}
SETS = {"union", "intersect", "except", "distinct", "group"}
DIRECTIONS = {"asc", "desc", "nulls", "first", "last"}
ENDS = {"limit", "offset", ";"}  # of an ORDER BY
KEYS = {"fingerprint", "instruction_id"}
TIGHT_BEFORE, TIGHT_AFTER = {",", ")", ".", "]"}, {"(", ".", "["}
KEYWORDS = {
    "and",
    "or",
    "not",
    "in",
    "between",
    "over",
    "by",
    "then",
    "else",
    "when",
    "is",
    "as",
    "like",
}


@dataclass(frozen=True)
class Cut:
    """The query that ``LIMIT $budget`` ends, wherever in a text it stands.

    Attributes:
        query: it, without the limit, as a text that runs alone.
        with_order: the same with one column more for each expression of ``order`` that it does not return; None where there is no need.
        order: the expressions that it is ordered by, as a person reads them.
        columns: which column of ``with_order``, else of ``query``, each of these is, and whether the text itself names it so.
    """

    query: SqlText
    with_order: SqlText | None
    order: tuple[str, ...]
    columns: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Condition:
    """One WHERE, HAVING or QUALIFY of a text.

    Attributes:
        shown: it, with its keyword, as a person reads it.
        without: the whole text without it.
        source: the FROM that its columns come from, as a query's end that runs alone; None where rows are grouped before.
        expression: it, without its keyword.
        at: where in the text its query can see its CTEs from.
    """

    shown: str
    without: SqlText
    source: SqlText | None
    expression: SqlText
    at: int


def cut_of(text: SqlText) -> Cut | None:
    """The query that the budget cuts; None where no ``LIMIT $budget`` stands alone.

    >>> cut = cut_of(SqlText.of("SELECT id, n FROM t ORDER BY n DESC, abs(m) LIMIT $budget"))
    >>> str(cut.query), cut.order
    ('SELECT id, n FROM t ORDER BY n DESC, abs(m) ', ('n DESC', 'abs(m)'))
    >>> str(cut.with_order)
    'SELECT id, n , abs(m) AS "order" FROM t ORDER BY n DESC, abs(m) '
    >>> cut.columns
    (('n', True), ('order', False))
    """
    found = list(tokens(str(text)))
    limits = [
        i
        for i, token in enumerate(found[:-1])
        if token.name == "limit" and found[i + 1].text == "$budget"
    ]
    if len(limits) != 1:
        return None
    opening, last = _around(found, limits[0])
    after = limits[0] + 2
    if after < last and found[after].text != ";":
        return None  # an OFFSET, or a share of the budget
    start = found[opening].end if opening >= 0 else 0
    inner = found[opening + 1 : limits[0]]
    if opening >= 0 and inner[0].name == "with":
        return None
    query, ordered = text.cut(start, found[limits[0]].start), _ordered(text, start, inner)
    if opening < 0:
        return Cut(query, ordered.query, ordered.shown, ordered.columns)
    more = with_visible(text, start, ordered.query) if ordered.query else None
    return Cut(with_visible(text, start, query), more, ordered.shown, ordered.columns)


def groups(root: Node) -> list[tuple[str, ...]]:
    """The sets of columns within which a query's windows count, the finest first.

    Args:
        root: its parse tree.
    """
    found = set()
    for node in nodes(root):
        partitions = node.get("partitions") or ()
        if (
            node.get("class") == "WINDOW"
            and partitions
            and all(part.get("class") == "COLUMN_REF" for part in partitions)
        ):
            found.add(tuple(str(part["column_names"][-1]) for part in partitions))
    return sorted(found, key=lambda columns: (-len(columns), columns))


def conditions(text: SqlText) -> Iterator[Condition]:
    """Every condition that can leave a row out, in the order of the text.

    >>> [found.shown for found in conditions(SqlText.of("SELECT id FROM (SELECT * FROM t WHERE a.b<=1 ORDER BY 1) WHERE f(n, 2)"))]
    ['WHERE a.b <= 1', 'WHERE f(n, 2)']
    """
    found = list(tokens(str(text)))
    for index, token in enumerate(found):
        if (
            token.kind != "word"
            or token.name not in CONDITIONS
            or (found[index - 1].text == "(" and found[index - 2].name == "filter")
        ):
            continue
        opening, last = _around(found, index)
        end = next(
            (
                i
                for i in _level(found, index + 1, last)
                if found[i].kind == "word" and found[i].name in CLAUSES
            ),
            last,
        )
        expression = text.cut(found[index + 1].start, found[end - 1].end)
        froms = [i for i in _level(found, opening + 1, index) if found[i].name == "from"]
        source = None
        if token.name == "where" and froms:
            source = text.cut(found[froms[-1]].start, token.start)
        yield Condition(
            shown=f"{token.name.upper()} {shown(str(expression))}",
            without=text.cut(0, token.start) + " " + text.cut(found[end - 1].end, len(str(text))),
            source=source,
            expression=expression,
            at=found[froms[-1]].start if froms else token.start,
        )


def operations(text: SqlText) -> Iterator[tuple[str, SqlText, SqlText]]:
    """Every UNION, EXCEPT and INTERSECT of a text, with what stands left and right of it as texts that run alone.

    >>> [(word, str(left), str(right)) for word, left, right in operations(SqlText.of("FROM a EXCEPT ALL FROM b ORDER BY n"))]
    [('EXCEPT', 'FROM a', 'FROM b')]
    """
    found = list(tokens(str(text)))
    for index, token in enumerate(found):
        if (
            token.kind != "word" or token.name not in OPERATIONS or found[index - 1].text == "*"
        ):  # SELECT * EXCEPT (a)
            continue
        opening, last = _around(found, index)
        first = (
            index
            + 1
            + (found[index + 1].name in {"all", "distinct"})
            + 2 * (found[index + 1].name == "by")
        )
        end = next(
            (
                i
                for i in _level(found, first, last)
                if found[i].name in OPERATIONS | ENDS | {"order"}
            ),
            last,
        )
        left = text.cut(found[opening + 1].start, found[index - 1].end)
        right = with_visible(
            text, found[first].start, text.cut(found[first].start, found[end - 1].end)
        )
        yield (
            token.name.upper(),
            with_visible(text, found[opening + 1].start, left) if opening >= 0 else left,
            right,
        )


def shown(sql: str) -> str:
    """A piece of SQL as a person writes it, whatever the space in it.

    >>> shown("abs ( 2 * place - n ) , x . y <= 1")
    'abs(2 * place - n), x.y <= 1'
    """
    answer, last = "", ""
    for token in tokens(sql):
        is_called = (
            token.text in OPENING
            and last.lower() not in KEYWORDS
            and (last[-1:].isalnum() or last in CLOSING)
        )
        is_tight = not answer or is_called or token.text in TIGHT_BEFORE or last in TIGHT_AFTER
        answer += ("" if is_tight else " ") + token.text
        last = token.text
    return answer


def with_values(sql: str, values: Mapping[str, Any]) -> str:
    """A piece of SQL with parameters' values in their places.

    >>> with_values("value <= $most", {"most": 1.0})
    'value <= 1.0'
    """
    return re.sub(r"\$(\w+)", lambda match: str(values.get(match[1], match[0])), sql)


def _around(found: list[Token], index: int) -> tuple[int, int]:
    """The bracket that opens before a token and holds it, -1 for none, and the one that closes it, or the end."""
    depth, opening = 0, -1
    for i in range(index - 1, -1, -1):
        depth += (found[i].text in CLOSING) - (found[i].text in OPENING)
        if depth < 0:
            opening = i
            break
    return opening, closing(found, opening) if opening >= 0 else len(found)


def _level(found: list[Token], start: int, stop: int) -> Iterator[int]:
    """The tokens between two that stand in no bracket there."""
    depth = 0
    for index in range(start, stop):
        depth -= found[index].text in CLOSING
        if depth == 0:
            yield index
        depth += found[index].text in OPENING


@dataclass(frozen=True)
class _Ordered:
    query: SqlText | None = None
    shown: tuple[str, ...] = ()
    columns: tuple[tuple[str, bool], ...] = ()


def _ordered(text: SqlText, start: int, inner: list[Token]) -> _Ordered:
    """What orders a query, and the query with all of that among its columns."""
    level = list(_level(inner, 0, len(inner)))
    names = [inner[i].name for i in level]
    if "order" not in names:
        return _Ordered()
    parts = _parts(inner, level[names.index("order")] + 2, len(inner))
    parts = [
        part for part in parts if part[-1].name not in KEYS and not text.is_added(part[0].start)
    ]
    bare = [[token for token in part if token.name not in DIRECTIONS] for part in parts]
    is_plain = not SETS & set(names) and names.count("select") == 1 and "from" in names
    at_select, at_from = (
        (level[names.index(name)] for name in ("select", "from")) if is_plain else (0, 0)
    )
    returned = _returned(inner, at_select + 1, at_from)
    columns: list[tuple[str, bool]] = []
    more: dict[str, SqlText] = {}
    for part in bare:
        expression = shown(_sql(part))
        is_named = expression in returned or len(part) == 1
        name = (
            returned.get(expression, expression)
            if is_named
            else "order" + f" {len(more) + 1}" * bool(more)
        )
        columns.append((name, is_named))
        if name not in returned.values():
            more[name] = text.cut(part[0].start, part[-1].end)
    words = tuple(
        " ".join(
            [
                name if is_named else shown(_sql(part)),
                *(token.text for token in whole if token.name in DIRECTIONS),
            ]
        )
        for (name, is_named), part, whole in zip(columns, bare, parts, strict=True)
    )
    if not more or not is_plain or "*" in returned:
        return _Ordered(None, words, tuple(columns))
    query = text.cut(start, inner[at_from].start)
    for name, sql in more.items():
        query = query + ", " + sql + f' AS "{name}" '
    return _Ordered(
        query + text.cut(inner[at_from].start, inner[-1].end) + " ", words, tuple(columns)
    )


def _returned(found: list[Token], start: int, stop: int) -> dict[str, str]:
    """The columns of a SELECT by the expression that each is, and by name."""
    columns: dict[str, str] = {}
    for item in _parts(found, start, stop):
        at = next((i for i, token in enumerate(item) if token.name == "as"), len(item))
        columns |= {shown(_sql(item[:at])): item[-1].name, item[-1].name: item[-1].name}
    return columns


def _parts(found: list[Token], start: int, stop: int) -> list[list[Token]]:
    """A list's parts, between its commas."""
    parts: list[list[Token]] = [[]]
    commas = {i for i in _level(found, start, stop) if found[i].text == ","}
    for index in range(start, stop):
        if index in commas:
            parts.append([])
        else:
            parts[-1].append(found[index])
    return [part for part in parts if part]


def _sql(part: list[Token]) -> str:
    return " ".join(token.text for token in part)
