"""Relation ``subset(...)``: the members of a subset, ranked."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.sources._decorator import source
from catalog.store.database import Connection
from catalog.store.references import resolve


@source(
    order=30,
    example="SELECT rank, prompt FROM subset('few') ORDER BY rank",
    sql="subset_at(0)",
)
def subset(connection: Connection, ref: str) -> Resolved:
    """Read a subset's members: a pool's columns, ``rank`` (from 1), ``why`` (JSON) and ``copies``.

    The column ``pool`` names the pool that a member comes from.
    """
    found = resolve(connection, ref, kind="subset")
    return Resolved(found, sql=f"subset_at({found.id})")
