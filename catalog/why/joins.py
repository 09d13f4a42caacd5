"""The JOIN that a row does not survive: which values of it have no partner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from catalog.query.meaning.dialect import printed
from catalog.query.meaning.predicates import bare, columns, conjuncts
from catalog.query.meaning.selects import (
    alone,
    filtered,
    first,
    is_equal,
    joins,
    relations,
    rows_of,
)
from catalog.why.conditions import failing, values_of
from catalog.why.failures import MEMBER_KEYS, Condition, Failure, Loss, Operand, stored
from catalog.why.probe import ONE

if TYPE_CHECKING:
    from catalog.why.trace import Trace


class _Lost:
    """A JOIN of a SELECT, seen from the row that it loses."""

    def __init__(
        self, trace: Trace, select: Any, index: int, owner: int, key: Any, value: Any
    ) -> None:
        self.trace = trace
        self.probe = trace.probe
        self.select = select
        self.index = index
        self.join = joins(select)[index]
        self.is_right = owner == index + 1  # the row stands in the joined relation
        self.key = key
        self.value = value
        self.known: dict[str, tuple[bool, Any]] = {}
        self.partner = relations(select)[index if self.is_right else index + 1]

    @property
    def conditions(self) -> list[Any]:
        """Return the conditions of ON."""
        on = self.join.args.get("on")
        if on is None:
            return []
        return conjuncts(on)

    def value_of(self, expression: Any) -> tuple[bool, Any]:
        """Return whether an expression is one of the row's side alone, and its value."""
        text = printed(expression)
        if text not in self.known:
            self.known[text] = self._value_of(expression)
        return self.known[text]

    def _value_of(self, expression: Any) -> tuple[bool, Any]:
        if self.is_right:
            query = alone(self.join.this, [expression])
        else:
            query = rows_of(self.select, [expression], n_joins=self.index)
        rows = self.probe.rows(first(filtered(query, is_equal(self.key, self.value))), self.select)
        return (True, rows[0]["c0"]) if rows else (False, None)

    def has_partner(self, condition: Any) -> bool | None:
        """Return whether a condition alone gives the row a partner."""
        query = rows_of(self.select, [ONE], n_joins=self.index)
        query.append(
            "joins", exp.Join(this=self.join.this.copy(), on=condition.copy(), kind="INNER")
        )
        return self.probe.has(query, self.key, self.value, self.select)

    def operands(self, expressions: Any) -> Iterator[Operand]:
        """Yield the values of the row's side; ids of rows say nothing to a person."""
        for each in expressions:
            is_its, value = self.value_of(each)
            if is_its and each.name.lower() not in MEMBER_KEYS:
                yield Operand(self.probe.shown(each), stored(value))


def lost_in_join(
    trace: Trace, select: Any, index: int, owner: int, key: Any, value: Any
) -> Loss | None:
    """Return why a JOIN loses a row.

    Args:
        trace: the way of the row.
        select: the SELECT of the JOIN.
        index: of the JOIN, from 0.
        owner: the relation of FROM that has the row, from 0.
        key: the expression that names the row.
        value: its value.
    """
    lost = _Lost(trace, select, index, owner, key, value)
    join, probe = lost.join, trace.probe
    is_anti = join.kind.upper() == "ANTI"
    conditions = _conditions(lost, is_anti=is_anti)
    pairs = [] if is_anti or lost.is_right else list(_pairs(lost))
    inner = next(filter(None, (_inside(trace, lost, *pair) for pair in pairs)), None)
    text = probe.shown(join)
    failure = Failure(
        "join",
        " ".join(filter(None, [join.method, join.side, join.kind, "JOIN"])).upper(),
        text,
        probe.location(join),
        tuple(conditions),
        (inner.failure,) if inner else (),
        _detail(lost, conditions, text, is_anti=is_anti),
    )
    return Loss(failure, _relax(lost, inner), inner and inner.account)


def _conditions(lost: _Lost, *, is_anti: bool) -> list[Condition]:
    """Return the conditions of a JOIN that alone give the row no partner; else all of them."""
    probe, join = lost.probe, lost.join
    using = join.args.get("using") or []
    if using:
        names = [exp.Column(this=each.copy()) for each in using]
        shown = ", ".join(each.name for each in using)
        place = probe.location(join)
        return [Condition(f"USING ({shown})", place, is_anti, tuple(lost.operands(names)))]
    found = lost.conditions
    alone_ = [each for each in found if lost.has_partner(each) is False]
    together = [] if alone_ or is_anti else _of_partners(lost, found)
    if together:
        return together
    return [
        Condition(
            probe.shown(each), probe.location(each), is_anti, tuple(lost.operands(columns(each)))
        )
        for each in alone_ or found
    ]


def _of_partners(lost: _Lost, found: list[Any]) -> list[Condition]:
    """Return the conditions of ON that no partner by the equal columns passes, with values."""
    equal = [each for each in found if isinstance(each, exp.EQ)]
    others = [each for each in found if not isinstance(each, exp.EQ)]
    if not equal or not others:
        return []

    def over(expressions: Sequence[Any]) -> Any:
        query = rows_of(lost.select, expressions, n_joins=lost.index)
        on = exp.and_(*(each.copy() for each in equal), copy=False)
        query.append("joins", exp.Join(this=lost.join.this.copy(), on=on, kind="INNER"))
        return filtered(query, is_equal(lost.key, lost.value))

    values = values_of(lost.probe, lost.select, others, over)
    return [each for _, each in failing(lost.probe, others, values or {}, lost.trace.inside)]


def _pairs(lost: _Lost) -> Iterator[tuple[str, Any]]:
    """Yield each column of the partner that must equal a value of the row, and that value."""
    for each in lost.join.args.get("using") or ():
        yield each.name, lost.value_of(exp.Column(this=each.copy()))[1]
    for condition in lost.conditions:
        if not isinstance(condition, exp.EQ):
            continue
        left, right = bare(condition.this), bare(condition.expression)
        for mine, other in ((left, right), (right, left)):
            is_mine, value = lost.value_of(mine)
            if is_mine and isinstance(other, exp.Column) and not lost.value_of(other)[0]:
                yield other.name, value


def _inside(trace: Trace, lost: _Lost, column: str, value: Any) -> Loss | None:
    """Return why the joined relation does not have a value."""
    if not isinstance(value, int | str):
        return None
    relation = lost.partner
    query = alone(relation, [ONE])
    if trace.probe.has(query, exp.column(column, quoted=True), value, lost.select) is not False:
        return None
    found = trace.relation(relation, column, value)
    if found is None or found.failure.kind == "source":
        return None
    return found


def _detail(lost: _Lost, conditions: list[Condition], text: str, *, is_anti: bool) -> str:
    operands = list(dict.fromkeys(str(each) for one in conditions for each in one.operands))
    named = lost.probe.named(lost.partner)
    verb = "has a partner for it, which it must not have" if is_anti else "has no partner for it"
    because = f" ({', '.join(operands)})" if operands else ""
    on = [one.text for one in conditions if not one.text.startswith("USING")]
    by = f" by {' AND '.join(on)}" if on and len(on) < len(lost.conditions) else ""
    return f"{text}: {named} {verb}{by}{because}"


def _relax(lost: _Lost, inner: Loss | None) -> Any:
    """Return what lets the row pass the JOIN."""
    if inner is not None and inner.relax is not None:
        return inner.relax
    kind = lost.join.kind.upper()
    if kind in ("SEMI", "ANTI"):
        return lambda: lost.join.pop()
    is_plain = not lost.is_right and not lost.join.side and kind in ("", "INNER")
    has_condition = lost.join.args.get("on") is not None or lost.join.args.get("using")
    if not is_plain or not has_condition:
        return None

    def keep() -> None:
        lost.join.set("side", "LEFT")
        lost.join.set("kind", None)

    return keep
