"""Relation ``pools(...)``: the members of several pools and subsets."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.sources._decorator import source
from catalog.store.database import Connection
from catalog.store.quoting import literal
from catalog.store.references import Reference, resolve_all


@source(
    order=20,
    example="SELECT pool, count(*) FROM pools('alpaca', 'gsm@1') GROUP BY pool",
    sql="(SELECT *, '' AS pool, 0::BIGINT AS rank FROM pool_at(0, 1))",
)
def pools(connection: Connection, ref: str, *more: str) -> Resolved:
    """Read the members of several pools and subsets, each member once.

    The columns are a pool's, then ``pool``, the name of the first reference that has the member,
    and ``rank``, which is NULL but for members of a subset. A selection may take every member.
    """
    found = resolve_all(connection, ",".join((ref, *more)))
    parts = [_members_beside(found[:place], each) for place, each in enumerate(found)]
    sql = " UNION ALL ".join(parts)
    others = tuple((each, "") for each in found[1:])
    return Resolved(found[0], sql=f"({sql})", more=others, is_selectable=True)


def _members_beside(before: tuple[Reference, ...], reference: Reference) -> str:
    """Return the query for the members of a reference that the earlier ones do not have."""
    name = f"{literal(reference.name)} AS pool"
    query = f"SELECT *, {name}, NULL::BIGINT AS rank FROM pool_at({reference.id}, "
    query += f"{reference.version})"
    if reference.kind == "subset":
        query = f"SELECT * EXCLUDE (rank, why, copies, pool), {name}, rank "
        query += f"FROM subset_at({reference.id})"
    for each in before:
        query += f" ANTI JOIN members_of('{each.kind}', {each.id}, {each.version})"
        query += " USING (instruction_id)"
    return f"({query})"
