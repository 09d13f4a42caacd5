"""A condition taken apart: which of its parts decide it, and the expressions that they compare."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlglot import exp

ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Pow, exp.Neg)
PATHS = (exp.Dot, exp.JSONExtract, exp.JSONExtractScalar)


class Branch(NamedTuple):
    """One arm of a CASE: its result holds where its condition is the first that is true."""

    condition: exp.Expression | None  # of WHEN; None for ELSE
    result: exp.Expression | None  # None for an ELSE that is not written


def bare(node: Any) -> Any:
    """Return an expression without the brackets around it."""
    return node.unnest() if isinstance(node, exp.Paren) else node


def conjuncts(condition: Any) -> list[Any]:
    """Return the parts of an AND; a condition of another kind is its own only part.

    >>> from sqlglot import parse_one
    >>> [part.sql() for part in conjuncts(parse_one("a AND (b AND (c OR d))"))]
    ['a', 'b', 'c OR d']
    """
    return _parts(condition, exp.And)


def parts(condition: Any) -> list[Any]:
    """Return the conditions that an AND, an OR or a NOT of such a one consists of."""
    node = bare(condition)
    if isinstance(node, exp.And | exp.Or):
        return _parts(node, type(node))
    if isinstance(node, exp.Not) and isinstance(bare(node.this), exp.And | exp.Or | exp.Case):
        return [bare(node.this)]
    return []


def _parts(condition: Any, kind: Any) -> list[Any]:
    node: Any = bare(condition)
    if type(node) is not kind:
        return [node]
    return [part for side in ("this", "expression") for part in _parts(node.args[side], kind)]


def branches(condition: Any) -> list[Branch]:
    """Return the arms of a CASE in order, its ELSE last; none for another condition."""
    node = bare(condition)
    if not isinstance(node, exp.Case):
        return []
    arms = []
    for arm in node.args["ifs"]:
        when = arm.this if node.this is None else exp.EQ(this=node.this, expression=arm.this)
        arms.append(Branch(when, arm.args["true"]))
    return [*arms, Branch(None, node.args.get("default"))]


def operands(condition: Any) -> list[Any]:
    """Return the expressions whose values decide a condition, without its constants.

    >>> from sqlglot import parse_one
    >>> [part.sql() for part in operands(parse_one("length(a) + 1 >= 60"))]
    ['LENGTH(a) + 1']
    >>> [part.sql() for part in operands(parse_one("NOT length(a) BETWEEN 1 AND b"))]
    ['LENGTH(a)', 'b']
    """
    node = bare(condition)
    while isinstance(node, exp.Not):
        node = bare(node.this)
    if isinstance(node, exp.Column):
        return []
    found = [bare(each) for each in _compared(node) if not is_constant(each)]
    return list({each.sql(): each for each in found}.values())


def _compared(node: Any) -> Iterator[Any]:
    if isinstance(node, exp.Exists):
        return
    if isinstance(node, exp.Between):
        yield from (node.this, node.args["low"], node.args["high"])
    elif isinstance(node, exp.In):
        yield from (node.this, *node.expressions)
    elif isinstance(node, exp.Is):
        yield node.this
    elif isinstance(node, exp.Escape):
        yield from _compared(node.this)
    elif isinstance(node, exp.Binary) and not isinstance(node, (*ARITHMETIC, *PATHS)):
        yield from (node.this, node.expression)
    else:
        yield from columns(node)


def columns(node: Any) -> list[Any]:
    """Return the columns of an expression in order, without those of queries inside it."""
    found = [each for each in node.walk(bfs=False, prune=_is_query) if _is_column(each)]
    return list({each.sql(): each for each in found}.values())


def _is_query(node: Any) -> bool:
    return isinstance(node, exp.Query)


def _is_column(node: Any) -> bool:
    is_inside = isinstance(node.parent, exp.Dot) or not isinstance(node, exp.Column)
    return not is_inside and not isinstance(node.this, exp.Star)


def explained_by(operand: Any, value: Any) -> list[Any]:
    """Return the columns that say where an operand's value comes from.

    Those are the columns of arithmetic, and of whatever is NULL.
    """
    if isinstance(operand, exp.Column) or (value is not None and not _is_arithmetic(operand)):
        return []
    return columns(operand)


def _is_arithmetic(operand: Any) -> bool:
    return isinstance(bare(operand), ARITHMETIC)


def is_constant(node: Any) -> bool:
    """Return whether an expression reads nothing of the row."""
    return node.find(exp.Column, exp.Star, exp.Query, exp.Window) is None


def evaluated(condition: Any, *, with_columns: bool = True) -> Iterator[Any]:
    """Yield every expression whose value explains a condition: itself, its parts, its operands.

    Args:
        condition: the condition.
        with_columns: whether the columns of operands count, which a group of rows does not have.
    """
    node = bare(condition)
    yield node
    inner = [*parts(node), *(each for branch in branches(node) for each in branch if each)]
    for part in inner:
        yield from evaluated(part, with_columns=with_columns)
    for operand in () if inner else operands(node):
        yield operand
        if with_columns and not isinstance(operand, exp.Column):
            yield from columns(operand)
    if isinstance(node, exp.Exists):
        yield from (without for _, without in loosened(node))


def loosened(exists: Any) -> list[tuple[Any, Any]]:
    """Return each condition inside an EXISTS, with the EXISTS without it."""
    select = exists.this.unnest() if isinstance(exists.this, exp.Subquery) else exists.this
    where = select.args.get("where") if isinstance(select, exp.Select) else None
    found = conjuncts(where.this) if where is not None else []
    return [(each, exp.Exists(this=_without(select, number))) for number, each in enumerate(found)]


def _without(select: Any, number: int) -> Any:
    copy = select.copy()
    conjuncts(copy.args["where"].this)[number].replace(exp.true())
    return copy
