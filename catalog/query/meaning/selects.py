"""The parts of a SELECT that decide which rows it returns, and small queries about these rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlglot import exp

from catalog.query.meaning.predicates import columns

ROWS = "__rows"  # the name of a query around which another one stands


def name(identifier: str) -> Any:
    """Return an identifier that DuckDB reads as it is."""
    return exp.to_identifier(identifier, quoted=True)


def is_equal(key: Any, value: Any) -> Any:
    """Return the condition that an expression has a value."""
    return exp.EQ(this=exp.Paren(this=key.copy()), expression=exp.convert(value))


def relations(select: Any) -> list[Any]:
    """Return what stands in FROM, then what each JOIN adds, in order."""
    return [select.args["from_"].this, *(join.this for join in joins(select))]


def joins(select: Any) -> list[Any]:
    """Return the JOINs of a SELECT in order."""
    return list(select.args.get("joins") or ())


def is_grouped(select: Any) -> bool:
    """Return whether a SELECT returns groups of rows, as far as its text shows it."""
    return bool(select.args.get("group") or select.args.get("having"))


def projection(select: Any, column: str) -> Any | None:
    """Return the expression that a SELECT returns under a name; None if it has none.

    >>> from sqlglot import parse_one
    >>> projection(parse_one("SELECT a + 1 AS b, t.* FROM t"), "B").sql()
    'a + 1'
    >>> projection(parse_one("SELECT a + 1 AS b, t.* FROM t"), "c").sql()
    't."c"'
    """
    wanted = column.lower()
    items = select.expressions
    for item in items:
        if not _is_star(item) and item.alias_or_name.lower() == wanted:
            return item.unalias()
    star = next(filter(_is_star, items), None)
    return None if star is None else _of_star(star, wanted)


def _is_star(item: Any) -> bool:
    is_pattern = isinstance(item, exp.Anonymous) and item.name.lower() == "columns"
    return isinstance(item, exp.Star) or is_pattern or _is_qualified_star(item)


def _is_qualified_star(item: Any) -> bool:
    return isinstance(item, exp.Column) and isinstance(item.this, exp.Star)


def _of_star(item: Any, column: str) -> Any:
    star = item.this if _is_qualified_star(item) else item
    for replaced in star.args.get("replace") or ():
        if replaced.alias.lower() == column:
            return replaced.this
    renamed = {each.alias.lower(): each.this.name for each in star.args.get("rename") or ()}
    table = item.args.get("table") if _is_qualified_star(item) else None
    return exp.Column(this=name(renamed.get(column, column)), table=table and table.copy())


def with_aliases(node: Any, select: Any) -> Any:
    """Return an expression with a SELECT's own columns in place of their names."""
    known = {
        item.alias.lower(): item.this for item in select.expressions if isinstance(item, exp.Alias)
    }
    copy = exp.Paren(this=node.copy())
    for column in columns(copy):
        meant = known.get(column.name.lower())
        for each in list(copy.find_all(exp.Column)):
            if meant is not None and not each.table and each == column:
                each.replace(exp.Paren(this=meant.copy()))
    return copy


def asked(expressions: Sequence[Any]) -> list[Any]:
    """Return expressions as the columns ``c0``, ``c1``, ..."""
    return [titled(each, f"c{number}") for number, each in enumerate(expressions)]


def titled(expression: Any, column: str) -> Any:
    """Return a copy of an expression as a column of that name."""
    return exp.Alias(this=expression.copy(), alias=exp.to_identifier(column))


def filtered(query: Any, condition: Any) -> Any:
    """Return a query that was made here with one more condition."""
    return query.where(condition, copy=False)


def first(query: Any) -> Any:
    """Return a query that was made here with its first row alone."""
    return query.limit(1, copy=False)


def rows_of(select: Any, expressions: Sequence[Any], *, n_joins: int | None = None) -> Any:
    """Return a query of expressions over the rows that FROM and its first JOINs give."""
    kept = joins(select)[:n_joins]
    query = exp.Select(expressions=asked(expressions))
    query.set("from_", select.args["from_"].copy())
    query.set("joins", [join.copy() for join in kept])
    return query


def alone(relation: Any, expressions: Sequence[Any]) -> Any:
    """Return a query of expressions over one relation."""
    query = exp.Select(expressions=asked(expressions))
    query.set("from_", exp.From(this=relation.copy()))
    return query


def around(query: Any, expressions: Sequence[Any]) -> Any:
    """Return a query of expressions over the answer of another one, which becomes its part."""
    outer = exp.Select(expressions=list(expressions))
    inner = exp.Subquery(this=query, alias=exp.TableAlias(this=name(ROWS)))
    outer.set("from_", exp.From(this=inner))
    return outer


def with_visible_ctes(query: Any, place: Any) -> Any:
    """Return a query that sees the CTEs which the node at a place of the tree sees."""
    is_first = True
    for with_, visible in ctes_around(place):
        if not visible:
            continue
        if not is_first:
            query = around(query, [exp.Star()])
        is_recursive = with_.args.get("recursive")
        own = exp.With(expressions=[cte.copy() for cte in visible], recursive=is_recursive)
        query.set("with_", own)
        is_first = False
    return query


def ctes_around(place: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Yield each WITH around a node, the innermost first, with those CTEs that the node sees."""
    node = place
    while node is not None:
        with_ = node.args.get("with_") if isinstance(node, exp.Query) else None
        if with_ is not None and place is not with_:
            yield with_, _seen(with_, place)
        node = node.parent


def _seen(with_: Any, place: Any) -> list[Any]:
    """Return the CTEs before the one that holds a node; all of them if none does."""
    seen = []
    for cte in with_.expressions:
        is_inside = _holds(cte, place)
        if is_inside and not with_.args.get("recursive"):
            break
        seen.append(cte)
        if is_inside:
            break
    return seen


def _holds(outer: Any, node: Any) -> bool:
    while node is not None and node is not outer:
        node = node.parent
    return node is outer


def cte_of(table: Any) -> Any | None:
    """Return the CTE that a table's name means; None if it means another table."""
    if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
        return None
    wanted = table.name.lower()
    for _, visible in ctes_around(table):
        for cte in reversed(visible):
            if cte.alias.lower() == wanted:
                return cte
    return None
