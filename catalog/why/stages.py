"""Where the clauses of a SELECT lose a row that its FROM gives, in the order of evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from catalog.query.meaning.predicates import conjuncts
from catalog.query.meaning.selects import (
    around,
    asked,
    filtered,
    first,
    is_equal,
    is_grouped,
    rows_of,
    titled,
)
from catalog.why.conditions import Values, failing, values_of
from catalog.why.failures import MEMBER_KEYS, Failure, Loss, Operand, stored
from catalog.why.limits import lost_by_limit, unlimited

if TYPE_CHECKING:
    from catalog.why.trace import Trace


@dataclass
class Stage:
    """A SELECT on the way of a row.

    Attributes:
        trace: the way.
        select: the SELECT.
        written: the expression that it returns in the column which names the row.
        key: the expression over the rows of FROM that names the row.
        column: the name of that column.
        value: its value for the row.
    """

    trace: Trace
    select: Any
    written: Any
    key: Any
    column: str
    value: Any

    @property
    def is_row(self) -> Any:
        """Return the condition that a row of FROM is the row."""
        return is_equal(self.key, self.value)

    def is_reached(self) -> bool | None:
        """Return whether FROM gives the row; None if its key means nothing there."""
        if self.of_where is not None:
            return bool(self.of_where)
        return self.trace.probe.reaches(self.select, self.key, self.value)

    @cached_property
    def of_where(self) -> Values | None:
        """Return the values that explain WHERE; empty if FROM does not give the row.

        The answer is None without WHERE, or where its values cannot be computed.
        """
        where = self.select.args.get("where")
        if where is None:
            return None

        def rows(expressions: Sequence[Any]) -> Any:
            return filtered(rows_of(self.select, expressions), self.is_row)

        return values_of(self.trace.probe, self.select, conjuncts(where.this), rows)


def lost_in_clauses(stage: Stage) -> Loss | None:
    """Return the first clause after FROM that loses the row; None if the SELECT returns it."""
    steps: tuple[Callable[[Stage], Loss | None], ...] = (
        _where,
        _having,
        _qualify,
        _group,
        _distinct,
    )
    for step in steps:
        loss = step(stage)
        if loss is not None:
            return loss
    return lost_by_limit(stage.trace, stage.select, stage.column, stage.value)


def _where(stage: Stage) -> Loss | None:
    return _of_values(stage, "where", stage.of_where)


def _having(stage: Stage) -> Loss | None:
    def groups(expressions: Sequence[Any]) -> Any:
        query = _filtered(stage, asked(expressions))
        return query.having(exp.Anonymous(this="bool_or", expressions=[stage.is_row]), copy=False)

    return _clause(stage, "having", groups)


def _qualify(stage: Stage) -> Loss | None:
    def rows(expressions: Sequence[Any]) -> Any:
        items = [*asked(expressions), titled(stage.written, "key")]
        query = _filtered(stage, items)
        for clause in ("having", "windows"):
            _keep(stage.select, query, clause)
        columns = [exp.column(f"c{number}") for number in range(len(expressions))]
        return filtered(around(query, columns), is_equal(exp.column("key"), stage.value))

    return _clause(stage, "qualify", rows)


def _filtered(stage: Stage, items: Sequence[Any]) -> Any:
    query = rows_of(stage.select, [])
    query.set("expressions", list(items))
    for clause in ("where", "group"):
        _keep(stage.select, query, clause)
    group = query.args.get("group")
    if group is not None and group.args.get("all"):
        query.set("group", exp.Group(expressions=_plain(stage)))
    return query


def _plain(stage: Stage) -> list[Any]:
    """Return the columns of a SELECT that aggregate nothing: what GROUP BY ALL groups by."""
    names = stage.trace.probe.aggregates
    return [
        item.unalias().copy()
        for item in stage.select.expressions
        if not any(call.name.lower() in names for call in item.find_all(exp.Anonymous))
    ]


def _keep(select: Any, query: Any, clause: str) -> None:
    kept = select.args.get(clause)
    if isinstance(kept, list):
        query.set(clause, [each.copy() for each in kept])
    elif kept is not None:
        query.set(clause, kept.copy())


def _clause(stage: Stage, name: str, over: Callable[[Sequence[Any]], Any]) -> Loss | None:
    """Return the conditions of a clause that are not true for the row."""
    clause = stage.select.args.get(name)
    if clause is None:
        return None
    probe, conditions = stage.trace.probe, conjuncts(clause.this)
    has_columns = name != "having"
    values = values_of(probe, stage.select, conditions, over, with_columns=has_columns)
    return _of_values(stage, name, values)


def _of_values(stage: Stage, name: str, values: Values | None) -> Loss | None:
    if not values:
        return None
    clause, probe = stage.select.args[name], stage.trace.probe
    found = failing(probe, conjuncts(clause.this), values, stage.trace.inside)
    if not found:
        return None
    explained = tuple(condition for _, condition in found)
    text, location = probe.shown(clause.this), explained[0].location
    failure = Failure("condition", name.upper(), text, location, explained)
    return Loss(failure, lambda: [node.replace(exp.true()) for node, _ in found])


def _group(stage: Stage) -> Loss | None:
    """Return that another row stands for the row's group."""
    is_same = stage.key is stage.written and not is_grouped(stage.select)
    if is_same or _returns(stage, distinct=False) is not False:
        return None
    probe = stage.trace.probe
    text = probe.shown(stage.written)
    detail = f"{text} names another row of its group"
    return Loss(Failure("group", "GROUP BY", text, probe.location(stage.written), detail=detail))


def _distinct(stage: Stage) -> Loss | None:
    """Return that DISTINCT ON keeps another row."""
    distinct = stage.select.args.get("distinct")
    on = distinct.args.get("on") if distinct is not None else None
    if on is None or _returns(stage, distinct=True) is not False:
        return None
    probe = stage.trace.probe
    keys = on.expressions or [on]
    query = first(filtered(rows_of(stage.select, keys), stage.is_row))
    rows = probe.rows(query, stage.select)
    values = rows[0].values() if rows else ()
    shown = [
        str(Operand(probe.shown(key), stored(value)))
        for key, value in zip(keys, values, strict=False)
        if key.name.lower() not in MEMBER_KEYS
    ]
    text = f"DISTINCT ON ({', '.join(map(probe.shown, keys))})"
    where = f" where {' and '.join(shown)}" if shown else ""
    failure = Failure(
        "distinct",
        "DISTINCT ON",
        text,
        probe.location(on),
        detail=f"{text} keeps another row{where}",
    )
    return Loss(failure, lambda: stage.select.set("distinct", None))


def _returns(stage: Stage, *, distinct: bool) -> bool | None:
    """Return whether the SELECT without its LIMIT, and maybe without DISTINCT, has the row."""
    query = unlimited(stage.select)
    if not distinct:
        query.set("distinct", None)
        query.set("order", None)
    query.parent = None
    return stage.trace.probe.returns(query, stage.column, stage.value, stage.select)
