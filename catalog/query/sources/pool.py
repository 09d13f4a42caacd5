"""Relation ``pool(...)``: the members of a pool or subset."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.sources._decorator import source
from catalog.store.database import Connection
from catalog.store.references import resolve


@source(
    order=10,
    example="SELECT source, count(*) FROM pool('alpaca@2') GROUP BY source",
    sql="pool_at(0, 1)",
)
def pool(connection: Connection, ref: str) -> Resolved:
    """Read a pool at a version, or a subset, which is a relation like a pool."""
    found = resolve(connection, ref)
    if found.kind == "subset":
        return Resolved(found, sql=f"subset_at({found.id})")
    return Resolved(found, sql=f"pool_at({found.id}, {found.version})")
