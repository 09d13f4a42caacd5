"""Look up one row of the pool behind a subset, by row number or fingerprint."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from catalog.errors import NotFoundError, OptionError
from catalog.store.database import Connection
from catalog.store.queries import query

LEAST_DIGITS = 8
"""Digits of a fingerprint: of a million rows, two share them with a chance of one in a hundred."""


@dataclass(frozen=True)
class Row:
    """Member of the pool version that a subset was made from.

    Attributes:
        instruction_id: for joins.
        fingerprint: whole.
        row_number: among the rows that were loaded, from 0.
        source: where inside the pool it came from.
        prompt: its beginning.
    """

    instruction_id: int
    fingerprint: str
    row_number: int
    source: str
    prompt: str


def find_row(connection: Connection, which: str | int, *, pool_id: int, version: int) -> Row:
    """Return the row that a row number or a fingerprint names.

    Args:
        connection: to read with.
        which: a row number, or the first eight or more digits of a fingerprint.
        pool_id: of the pool.
        version: of the pool.

    Raises:
        OptionError: it is neither, or several rows match.
        NotFoundError: there is no such row; the message names where it went.
    """
    text = str(which).strip().lower()
    is_number = re.fullmatch("0|[1-9][0-9]*", text) is not None
    is_prefix = re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", text) is not None
    if not is_number and not is_prefix:
        raise OptionError(
            f"expected a row number, or the first {LEAST_DIGITS} or more digits of a fingerprint, "
            f"got {which!r}"
        )
    params = {"pool_id": pool_id, "version": version}
    number = int(text) if is_number and len(text) < 19 else None
    prefix = text if is_prefix else None
    rows = connection.sql(
        query("why/row"), params=params | {"row_number": number, "prefix": prefix}
    ).fetchall()
    if len(rows) > 1:
        found = ", ".join(f"{row[1][:16]} (row {row[2]:,})" for row in rows)
        raise OptionError(
            f"{which} matches {len(rows)} rows or more: {found}; "
            "give more digits of the fingerprint"
        )
    if rows:
        return Row(*rows[0])
    ((name,),) = connection.sql(query("pools/name"), params={"pool_id": pool_id}).fetchall()
    absences = []
    if number is not None:
        absences.append(_no_row(connection, number, name, params))
    if prefix:
        absences.append(_no_fingerprint(connection, prefix, name, params))
    raise NotFoundError("; ".join(absences))


def _no_row(connection: Connection, number: int, name: str, params: dict[str, Any]) -> str:
    """Return a sentence about a row number that is not a member."""
    reference = f"{name}@{params['version']}"
    sized = {"id": params["pool_id"], "version": params["version"]}
    ((n_rows,),) = connection.sql(query("keys/n_pool_rows"), params=sized).fetchall()
    if number >= n_rows:
        return f"{reference} has no row {number:,}: its rows are 0 to {n_rows - 1:,}"
    quarantined = connection.sql(
        query("why/quarantined"), params=params | {"row_number": number}
    ).fetchall()
    if quarantined:
        file, position, reason, detail = quarantined[0]
        what = f"{reason} ({detail})" if detail else reason
        where = f"`catalog quarantine {reference}` shows it"
        return (
            f"row {number:,} is not in {reference}: "
            f"{file}, {position}, is in quarantine for {what}; {where}"
        )
    return (
        f"row {number:,} is not in {reference}: it is an exact duplicate of another row, "
        "which holds it; give the fingerprint instead"
    )


def _no_fingerprint(connection: Connection, prefix: str, name: str, params: dict[str, Any]) -> str:
    """Return a sentence about a fingerprint that the pool version does not have."""
    reference = f"{name}@{params['version']}"
    places = connection.sql(
        query("why/elsewhere"), params={"prefix": prefix, "pool_id": params["pool_id"]}
    ).fetchall()
    if not places:
        return f"no pool has a fingerprint that begins with {prefix}: {reference} does not"
    versions = [
        f"{pool}@{added}" + (f" to {pool}@{removed - 1}" if removed else " on")
        for pool, added, removed in places
    ]
    return (
        f"{reference} has no fingerprint that begins with {prefix}; it is in {', '.join(versions)}"
    )
