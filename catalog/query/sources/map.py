"""Relation ``map(...)``: the places of members on a map."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.source_columns import MEMBER
from catalog.query.sources._decorator import source
from catalog.query.sources._stored import stored
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection

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
    """Read one row for each member on the map: its place, ``x`` and ``y``."""
    from catalog.query.stored_vectors import load_map

    return stored(
        connection, ref, kind="map", name=method, load=load_map, columns=COLUMNS, pins=pins
    )
