"""Where a fixed LIMIT or DISTINCT ON inside a query loses a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

from catalog.query.meaning.selects import around, name, titled
from catalog.why.failures import Failure, Loss

if TYPE_CHECKING:
    from catalog.why.trace import Trace


def unlimited(query: Any) -> Any:
    """Return a query without its LIMIT and OFFSET, for a question about its rows."""
    copy = query.copy()
    for clause in ("limit", "offset"):
        copy.set(clause, None)
    copy.parent = query.parent
    return copy


def lost_by_limit(trace: Trace, query: Any, column: str, value: Any) -> Loss | None:
    """Return the LIMIT that cuts the row off, with the row's place; None if none does."""
    limit = query.args.get("limit") or query.args.get("offset")
    if limit is None or trace.probe.returns(query, column, value, query) is not False:
        return None
    wanted = exp.Column(this=name(column))
    rows = trace.probe.rows(around(unlimited(query), [titled(wanted, "key")]), query) or []
    keys = [row["key"] for row in rows]
    if value not in keys:
        return None
    text = trace.probe.shown(limit)
    place = keys.index(value) + 1
    detail = f"place {place:,} of {len(keys):,}, and {text} cuts it off"
    failure = Failure("limit", "LIMIT", text, trace.probe.location(limit), detail=detail)
    return Loss(failure, lambda: [query.set(clause, None) for clause in ("limit", "offset")])
