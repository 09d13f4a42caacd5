"""Where a UNION, an INTERSECT or an EXCEPT loses a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from catalog.why.failures import Failure, Loss
from catalog.why.limits import lost_by_limit, unlimited

if TYPE_CHECKING:
    from catalog.why.trace import Trace

WORDS = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}


def lost_in_operation(trace: Trace, operation: Any, column: str, value: Any) -> Loss | None:
    """Return where a set operation loses the rows that have a value in a column of its answer."""
    sides = list(zip(_sides(operation), _names(trace, operation, column), strict=True))
    has = [trace.probe.returns(side, name, value, side) for side, name in sides]
    if None in has:
        return None
    word = WORDS[type(operation)]
    is_enough = {"union": any(has), "intersect": all(has), "except": has[0]}
    if is_enough[word]:
        whole = unlimited(operation)
        if trace.probe.returns(whole, column, value, operation) is not False:
            return lost_by_limit(trace, operation, column, value)
        return _removed(trace, operation, word)
    lost = [
        None if there else trace.query(side, name, value)
        for there, (side, name) in zip(has, sides, strict=True)
    ]
    return _by_branch(trace, operation, word, has, lost)


def _sides(operation: Any) -> tuple[Any, Any]:
    return operation.this, operation.expression


def _names(trace: Trace, operation: Any, column: str) -> tuple[str, str]:
    """Return the column's name on both sides, which columns match by position."""
    left, right = (trace.probe.columns(side, side) for side in _sides(operation))
    lower = [each.lower() for each in left]
    if operation.args.get("by_name") or column.lower() not in lower:
        return column, column
    index = lower.index(column.lower())
    return column, right[index] if index < len(right) else column


def _by_branch(
    trace: Trace, operation: Any, word: str, has: Sequence[Any], lost: Sequence[Loss | None]
) -> Loss | None:
    """Return what each side that does not return the row lacks."""
    if word == "except":
        return lost[0]
    text, location = trace.probe.shown(operation), trace.probe.location(operation)
    if word == "intersect":
        side = "before" if has[0] else "after"
        detail = f"only the query {side} INTERSECT returns it"
        if not any(has):
            detail = "neither query of INTERSECT returns it"
    else:
        detail = "neither query of UNION returns it"
    known = [each for each in lost if each is not None]
    inner = tuple(each.failure for each in known)
    relax = known[0].relax if len(known) == 1 or (known and word == "union") else None
    failure = Failure(word, word.upper(), text, location, inner=_flat(word, inner), detail=detail)
    return Loss(failure, relax)


def _flat(word: str, inner: tuple[Failure, ...]) -> tuple[Failure, ...]:
    """Return failures by branch, those of a UNION inside a UNION beside the others."""
    flat: list[Failure] = []
    for each in inner:
        flat += each.inner if each.kind == word == "union" else [each]
    return tuple(flat)


def _removed(trace: Trace, operation: Any, word: str) -> Loss:
    text, location = trace.probe.shown(operation), trace.probe.location(operation)
    detail = "EXCEPT removes it: the query after EXCEPT also returns it"
    if word == "intersect":
        detail = "INTERSECT removes it: its two queries return it with different values"
    return Loss(Failure(word, word.upper(), text, location, detail=detail))
