"""Relation ``marks(...)``: the marked members."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.sources._decorator import source
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import resolve


@source(
    order=100,
    example="SELECT * FROM pool('alpaca') ANTI JOIN (FROM marks('alpaca') WHERE mark = 'bad') "
    "USING (instruction_id)",
    sql="marks_at('pool', 0, 1, 0)",
)
def marks(connection: Connection, ref: str, *, pins: PinnedSignals | None = None) -> Resolved:
    """Read one row for each marked member: ``mark`` (good, bad, NULL), ``note``, ``marked_at``.

    A subset records the newest change that it read, and is made again from the marks up to it.
    """
    found = resolve(connection, ref)
    change = pins.marks.get(str(found)) if pins else None
    if change is None:
        rows = connection.sql(query("marks/newest"), params=found.parameters).fetchall()
        change = int(rows[0][0])
    sql = f"marks_at('{found.kind}', {found.id}, {found.version}, {change})"
    return Resolved(found, sql=sql, marks=change)
