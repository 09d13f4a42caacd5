"""Relation ``map(...)``: the places of members on a map."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.source_columns import MEMBER
from catalog.query.sources._decorator import source
from catalog.query.sources._stored import stored
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve

COLUMNS = MEMBER | {"x": "FLOAT", "y": "FLOAT"}


@source(
    order=90,
    example="SELECT x, y FROM map('alpaca') ORDER BY fingerprint",
    columns=COLUMNS,
)
def map(
    connection: Connection,
    ref: str,
    *,
    method: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row for each member on the map: its place, ``x`` and ``y``.

    Each pool and subset has a map of its own. The map of a subset without one is that of its pool,
    and else any that has its members.
    """
    from catalog.query.stored_vectors import load_map

    return stored(
        connection,
        ref,
        kind="map",
        name=method,
        load=load_map,
        columns=COLUMNS,
        pins=pins,
        first=[{"of": name} for name in _owners(connection, resolve(connection, ref))],
    )


def _owners(connection: Connection, reference: Reference) -> list[str]:
    """Return whose maps are read, the first ones first."""
    params = {"kind": reference.kind, "id": reference.id}
    rows = connection.sql(query("selection/owners"), params=params).fetchall()
    return [name for (name,) in rows]
