"""Why a row never came to be considered: a condition that it fails, a signal that it has no value of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from catalog.errors import CatalogError
from catalog.query.clauses import Condition, conditions, operations, with_values
from catalog.query.ctes import with_visible
from catalog.query.executor import Execution
from catalog.query.parse import nodes, tree
from catalog.signals.kinds import KINDS
from catalog.store.queries import query
from catalog.why.lookup import Row

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.source_text import SqlText


def position_of(rows: pa.Table, row: Row) -> int | None:
    """Where a relation has the row; -1 where it has not, None where it has no column that would say."""
    for name, value in (("instruction_id", row.instruction_id), ("fingerprint", row.fingerprint)):
        if name in rows.column_names:
            return int(pc.index(rows[name], value).as_py())
    return None


def lacking(execution: Execution, row: Row) -> tuple[str, ...]:
    """The signals that the query reads and the row has no value of, each with its reason."""
    said = []
    for _, source in execution.planned.sources:
        for signal in source.signals:
            if signal.kind not in ("embedding", "losses", "states", "score"):
                continue  # of labels, and no row's
            at = {"signal_id": signal.signal_id, "instruction_id": row.instruction_id}
            has_value, reason = execution.session.connection.sql(
                query("why/signal"), params=at
            ).fetchall()[0]
            if not has_value:
                title = KINDS[signal.kind].title(signal.name)
                said.append(f"it has no {title}: {reason or 'none was computed'}")
    return tuple(dict.fromkeys(said))


def dropped_by(execution: Execution, text: SqlText, row: Row) -> tuple[str, ...]:
    """The conditions of a query without which it would return the row, with the row's values; none where it is not for them.

    A condition is left out and the query answered: if the row is there, that condition alone is the
    cause. Where none is, all are left out.
    """
    found = list(conditions(text))
    alone = [condition for condition in found if _is_in(execution, condition.without, row)]
    if alone or not found:
        return tuple(_said(execution, text, condition, row) for condition in alone[:1])
    everything = text
    while left := next(conditions(everything), None):
        everything = left.without
    if not _is_in(execution, everything, row):
        return ()
    return tuple(_said(execution, text, condition, row) for condition in found)


def parted_by(execution: Execution, text: SqlText, row: Row) -> tuple[str, ...]:
    """The set operation of a query that does not let the row through; none where it is not for one."""
    for word, left, right in operations(text):
        sides = _is_in(execution, left, row), _is_in(execution, right, row)
        if word == "EXCEPT" and all(sides):
            return ("EXCEPT takes it away: the query after that word returns it too",)
        if word == "INTERSECT" and sides.count(True) == 1:
            return (
                f"INTERSECT leaves it out: only the query {'before' if sides[0] else 'after'} that word returns it",
            )
        if word == "UNION" and not any(sides):
            return ("neither of the two queries that UNION puts together returns it",)
    return ()


def _is_in(execution: Execution, text: SqlText, row: Row) -> bool:
    try:
        at = position_of(execution.table(text), row)
    except CatalogError:  # what it guarded against: a cast that fails, a NULL
        return False
    return at is not None and at >= 0


def _said(execution: Execution, text: SqlText, condition: Condition, row: Row) -> str:
    shown = with_values(condition.shown, execution.planned.parameters)
    values = _values(execution, text, condition, row)
    if not values:
        return f"it is not eligible: {shown} leaves it out"
    listed = ", ".join(f"{name} = {_value(value)}" for name, value in values.items())
    return f"it is not eligible: {shown} leaves it out ({listed})"


def _values(execution: Execution, text: SqlText, condition: Condition, row: Row) -> dict[str, Any]:
    """What the row has in the columns that a condition mentions; nothing where that cannot be asked."""
    if condition.source is None:
        return {}
    try:
        root = tree(execution.session.connection, text.empty() + "SELECT " + condition.expression)
        columns = list(
            dict.fromkeys(
                ".".join(node["column_names"])
                for node in nodes(root)
                if node.get("class") == "COLUMN_REF"
            )
        )
        listed = ", ".join(f'{name} AS "{name}"' for name in columns)
        only = f" WHERE instruction_id = {row.instruction_id}"
        rows = execution.table(
            with_visible(
                text, condition.at, text.empty() + f"SELECT {listed} " + condition.source + only
            )
        )
    except CatalogError:  # a column of an outer query, or an instruction_id of two
        return {}
    return dict(rows.to_pylist()[0]) if rows.num_rows else {}


def _value(value: Any) -> str:
    return "NULL" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
