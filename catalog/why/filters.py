"""Find the conditions that a row fails, and the signals that it has no value of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from catalog.errors import QueryError
from catalog.query.clauses import Condition, conditions, operations, with_values
from catalog.query.ctes import with_visible
from catalog.query.executor import Execution
from catalog.query.parse import nodes, tree
from catalog.signals.kinds import KINDS
from catalog.store.queries import query
from catalog.why.answers import answer_of
from catalog.why.lookup import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.source_text import SourceText


def position_of(rows: pa.Table, row: Row) -> int | None:
    """Return the row's position in a relation.

    It is -1 if the row is not there, and None if no column identifies rows.
    """
    for name, value in (("instruction_id", row.instruction_id), ("fingerprint", row.fingerprint)):
        if name in rows.column_names:
            return int(pc.index(rows[name], value).as_py())
    return None


def lacking(execution: Execution, row: Row) -> tuple[str, ...]:
    """Return a sentence for each signal that the query reads and the row has no value of."""
    sentences = []
    for _, source in execution.planned.sources:
        for signal in source.signals:
            if signal.kind not in ("embedding", "losses", "states", "score", "map"):
                continue  # a signal of labels, which no row has
            params = {"signal_id": signal.signal_id, "instruction_id": row.instruction_id}
            has_value, reason = execution.session.connection.sql(
                query("why/signal"), params=params
            ).fetchall()[0]
            if not has_value:
                title = KINDS[signal.kind].title(signal.name)
                sentences.append(f"it has no {title}: {reason or 'not computed'}")
    return tuple(dict.fromkeys(sentences))


def dropped_by(execution: Execution, text: SourceText, row: Row) -> tuple[str, ...]:
    """Return a sentence for each condition without which a query would return the row.

    The query is answered without one condition: if the row is there, that condition alone is the
    cause. If no condition alone is, the query is answered without all of them. The answer is empty
    if conditions are not the cause.
    """
    found = list(conditions(text))
    alone = [condition for condition in found if _is_in(execution, condition.without, row)]
    if alone or not found:
        return tuple(_sentence(execution, text, condition, row) for condition in alone[:1])
    everything = text
    while left := next(conditions(everything), None):
        everything = left.without
    if not _is_in(execution, everything, row):
        return ()
    return tuple(_sentence(execution, text, condition, row) for condition in found)


def parted_by(execution: Execution, text: SourceText, row: Row) -> tuple[str, ...]:
    """Return a sentence for the set operation that removes the row; none if no operation does."""
    for word, left, right in operations(text):
        sides = _is_in(execution, left, row), _is_in(execution, right, row)
        if word == "EXCEPT" and all(sides):
            return ("EXCEPT removes it: the query after EXCEPT also returns it",)
        if word == "INTERSECT" and sides.count(True) == 1:
            side = "before" if sides[0] else "after"
            return (f"INTERSECT removes it: only the query {side} INTERSECT returns it",)
        if word == "UNION" and not any(sides):
            return ("neither of the two queries of UNION returns it",)
    return ()


def _is_in(execution: Execution, text: SourceText, row: Row) -> bool:
    answer = answer_of(execution, text)
    position = None if answer is None else position_of(answer, row)
    return position is not None and position >= 0


def _sentence(execution: Execution, text: SourceText, condition: Condition, row: Row) -> str:
    shown = with_values(condition.shown, execution.planned.parameters)
    values = _values(execution, text, condition, row)
    if not values:
        return f"it is not eligible: {shown} excludes it"
    listed = ", ".join(f"{name} = {_value(value)}" for name, value in values.items())
    return f"it is not eligible: {shown} excludes it ({listed})"


def _values(
    execution: Execution, text: SourceText, condition: Condition, row: Row
) -> dict[str, Any]:
    """Return the row's values of the columns in a condition; none if they cannot be read."""
    if condition.source is None:
        return {}
    try:
        root = tree(execution.session.connection, text.empty() + "SELECT " + condition.expression)
    except QueryError:  # the end of the condition was not found
        return {}
    columns = dict.fromkeys(
        ".".join(node["column_names"]) for node in nodes(root) if node.get("class") == "COLUMN_REF"
    )
    listed = ", ".join(f'{name} AS "{name}"' for name in columns)
    only = f" WHERE instruction_id = {row.instruction_id}"
    of_row = text.empty() + f"SELECT {listed} " + condition.source + only
    rows = answer_of(execution, with_visible(text, condition.at, of_row))
    return {} if rows is None or not rows.num_rows else dict(rows.to_pylist()[0])


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
