"""The conditions of a query that are not true for a row, with the values that decide them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlglot import exp

from catalog.query.meaning.dialect import printed
from catalog.query.meaning.predicates import (
    bare,
    branches,
    evaluated,
    explained_by,
    is_constant,
    loosened,
    operands,
    parts,
)
from catalog.query.meaning.selects import around, first, with_aliases
from catalog.why.failures import MEMBER_KEYS, Condition, Failure, Operand, stored
from catalog.why.probe import Probe

TEXT = "text"  # the key of a node's text among its ``meta``
Over = Callable[[Sequence[Any]], exp.Select]
"""A query of expressions, as the columns c0, c1, ..., over the rows in question."""
Inside = Callable[[Any, Any], tuple[Failure, ...]]
"""Why a query inside a condition does not return a value."""
Values = Mapping[str, Any]
"""Values by the text of their expression; one that DuckDB cannot compute is missing."""


def values_of(
    probe: Probe,
    select: exp.Select,
    conditions: Sequence[Any],
    over: Over,
    *,
    with_columns: bool = True,
) -> Values | None:
    """Return the values of all expressions that explain some conditions, for one row.

    Of several rows in question, the one for which most of the conditions are true counts.

    Args:
        probe: it asks.
        select: the SELECT that has the conditions.
        conditions: of one clause.
        over: the rows in question.
        with_columns: whether the columns of operands count, which a group of rows does not have.

    Returns:
        the values; empty if there is no row, None if nothing can be computed.
    """
    parts_of = (evaluated(top, with_columns=with_columns) for top in conditions)
    wanted = {_key(each): bare(each) for found in parts_of for each in found}
    tops = [list(wanted).index(_key(each)) for each in conditions]
    for expressions in _readings(wanted.values(), select):
        rows = probe.rows(_best(over(expressions), tops, len(expressions)), select)
        if rows is not None:
            return dict(zip(wanted, rows[0].values(), strict=True)) if rows else {}
    each_alone = ((key, _alone(probe, select, over, node)) for key, node in wanted.items())
    return {key: rows[0]["c0"] for key, rows in each_alone if rows} or None


def _readings(expressions: Any, select: exp.Select) -> Iterator[list[Any]]:
    """Yield expressions as they are, then with the SELECT's own columns in place of their names."""
    yield list(expressions)
    yield [with_aliases(each, select) for each in expressions]


def _alone(probe: Probe, select: exp.Select, over: Over, node: Any) -> list[dict[str, Any]] | None:
    for expressions in _readings([node], select):
        rows = probe.rows(first(over(expressions)), select)
        if rows is not None:
            return rows
    return None


def _best(query: exp.Select, tops: Sequence[int], n_columns: int) -> exp.Select:
    """Return a query of the one row for which most conditions are true."""
    one, none = exp.Literal.number(1), exp.Literal.number(0)
    trues = [
        exp.Case(ifs=[exp.If(this=exp.column(f"c{top}"), true=one.copy())], default=none.copy())
        for top in tops
    ]
    n_true = trues[0]
    for each in trues[1:]:
        n_true = exp.Add(this=n_true, expression=each)
    others = [exp.column(f"c{number}") for number in range(n_columns)]
    answer = around(query, [exp.Star()])
    order = [exp.Ordered(this=n_true, desc=True), *others]
    return first(answer.order_by(*order, copy=False))


def failing(probe: Probe, conditions: Sequence[Any], values: Values, inside: Inside) -> list[Any]:
    """Return each condition that is not true, with its explanation."""
    return [
        (each, explained(probe, each, values, inside))
        for each in conditions
        if _key(each) in values and not values[_key(each)]
    ]


def explained(probe: Probe, node: Any, values: Values, inside: Inside) -> Condition:
    """Return a condition with the values that decide it."""
    node = bare(node)
    truth = values.get(_key(node))
    nested = _deciding(node, truth, values)
    is_leaf = not parts(node) and not branches(node)
    return Condition(
        probe.shown(node),
        probe.location(node),
        None if truth is None else bool(truth),
        tuple(_operands(probe, node, values)) if is_leaf else (),
        tuple(explained(probe, each, values, inside) for each in nested),
        _inner(probe, node, truth, values, inside),
    )


def _deciding(node: Any, truth: Any, values: Values) -> list[Any]:
    """Return those parts of a condition that make it what it is."""
    arms = branches(node)
    for arm in arms:
        if arm.condition is None:
            tried = [each.condition for each in arms if each.condition is not None]
            return tried if _is_silent(arm.result) else [arm.result]
        if values.get(_key(arm.condition)):
            return [each for each in arm if not _is_silent(each)]
    found = [each for each in parts(node) if _key(each) in values]
    if isinstance(node, exp.And) and not truth:
        return [each for each in found if not values[_key(each)]]
    if isinstance(node, exp.Or) and truth:
        return [each for each in found if values[_key(each)]]
    return found


def _is_silent(node: Any) -> bool:
    """Return whether an arm tells nothing about a row: a constant, or missing."""
    return node is None or is_constant(node)


def _operands(probe: Probe, node: Any, values: Values) -> Iterator[Operand]:
    listed: dict[str, Any] = {}
    for operand in operands(node):
        value = values.get(_key(operand))
        for each in (operand, *explained_by(operand, value)):
            is_key = isinstance(each, exp.Column) and each.name.lower() in MEMBER_KEYS
            if not is_key and _key(each) in values:
                listed.setdefault(_key(each), each)
    for key, each in listed.items():
        yield Operand(probe.shown(each), stored(values[key]))


def _inner(
    probe: Probe, node: Any, truth: Any, values: Values, inside: Inside
) -> tuple[Failure, ...]:
    """Return why the query inside IN or EXISTS does not return what it should."""
    if truth:
        return ()
    if isinstance(node, exp.In) and isinstance(node.args.get("query"), exp.Query):
        return inside(node.args["query"], values.get(_key(bare(node.this))))
    if isinstance(node, exp.Exists):
        return tuple(_emptying(probe, node, values))
    return ()


def _emptying(probe: Probe, exists: Any, values: Values) -> Iterator[Failure]:
    """Yield the conditions inside an EXISTS without which it has a row."""
    for each, without in loosened(exists):
        if values.get(_key(without)):
            text, location = probe.shown(each), probe.location(each)
            detail = f"without {text} it is true"
            yield Failure("condition", "EXISTS", text, location, detail=detail)


def _key(node: Any) -> str:
    """Return an expression's text; kept beside it, since printing takes long."""
    inner = bare(node)
    if TEXT not in inner.meta:
        inner.meta[TEXT] = printed(inner)
    return str(inner.meta[TEXT])
