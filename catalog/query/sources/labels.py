"""Relation ``labels(...)``: the labels of every member."""

from __future__ import annotations

from dataclasses import replace

from catalog.errors import SignalError
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import MEMBER
from catalog.query.sources._decorator import source
from catalog.query.sources.pool import pool
from catalog.signals.coverage import PinnedSignals, coverages
from catalog.signals.resolve import missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.references import resolve


@source(
    order=60,
    example="SELECT * FROM labels('alpaca', name => 'instag') WHERE len(labels) > 3",
    sql="signal_labels_at('pool', 0, 1, 0)",
)
def labels(
    connection: Connection,
    ref: str,
    *,
    name: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read every member with its own ``labels``, or those of a name: a taxonomy's or a judge's.

    A member without labels has an empty list.
    """
    found = resolve(connection, ref)
    if name is None:
        own = pool(connection, ref)
        columns = "instruction_id, fingerprint, coalesce(labels, []) AS labels"
        return replace(own, sql=f"(SELECT {columns} FROM {own.sql})")
    candidates = coverages(connection, found, kind="labels", pins=pins)
    chosen = resolve_signal(found, candidates, kind="labels", name=name, pins=pins)
    if isinstance(chosen, SignalError):
        columns_of = MEMBER | {"labels": "VARCHAR[]"}
        return Resolved(
            found, kind="labels", name=name, load=nothing, fault=chosen, columns=columns_of
        )
    sql = f"signal_labels_at('{found.kind}', {found.id}, {found.version}, {chosen.signal_id})"
    return Resolved(
        found, sql, "labels", name, signals=(chosen,), fault=missing_error(found, chosen)
    )
