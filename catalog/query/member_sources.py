"""Sources of members: pools, subsets, and several of them as one."""

from __future__ import annotations

from dataclasses import replace

from catalog.query.resolved import Resolved
from catalog.store.database import Connection
from catalog.store.quoting import literal
from catalog.store.references import Reference, resolve, resolve_all


def pool(connection: Connection, ref: str) -> Resolved:
    """Read a pool at a version, or a subset, which is a relation like a pool."""
    found = resolve(connection, ref)
    if found.kind == "subset":
        return Resolved(found, sql=f"subset_at({found.id})")
    return Resolved(found, sql=f"pool_at({found.id}, {found.version})")


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


def subset(connection: Connection, ref: str) -> Resolved:
    """Read a subset's members: a pool's columns, ``rank`` (from 1), ``why`` (JSON) and ``copies``.

    The column ``pool`` names the pool that a member comes from.
    """
    found = resolve(connection, ref, kind="subset")
    return Resolved(found, sql=f"subset_at({found.id})")


def union(parts: list[Resolved]) -> Resolved:
    """Return sources of equal columns as one, each row once; the first fault of any."""
    fault = next((each.fault for each in parts if each.fault), None)
    unread = next((each for each in parts if each.sql is None), None)
    sql = " UNION ".join(f"(FROM {each.sql})" for each in parts)
    more = tuple((each.reference, "") for each in parts[1:])
    return replace(unread or replace(parts[0], sql=f"({sql})"), more=more, fault=fault)
