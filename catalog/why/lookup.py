"""Look up one row of the pool behind a subset, by row number or fingerprint."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.errors import NotFoundError, OptionError
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, source_parameters

LEAST_DIGITS = 8
"""Digits of a fingerprint: of a million rows, two share them with a chance of one in a hundred."""


@dataclass(frozen=True)
class Row:
    """Member of the pools that a subset was made from.

    Attributes:
        instruction_id: for joins.
        fingerprint: whole.
        row_number: among the rows that were loaded, from 0.
        source: where inside the pool it came from.
        prompt: its beginning.
        pool: the name of the pool.
    """

    instruction_id: int
    fingerprint: str
    row_number: int
    source: str
    prompt: str
    pool: str = ""


def find_row(connection: Connection, which: str | int, *, pools: Sequence[Reference]) -> Row:
    """Return the row that a row number or a fingerprint names.

    Args:
        connection: to read with.
        which: a row number, or the first eight or more digits of a fingerprint.
        pools: the pools to look in.

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
    number = int(text) if is_number and len(text) < 19 else None
    prefix = text if is_prefix else None
    rows = connection.sql(
        query("why/row"),
        params=source_parameters(pools) | {"row_number": number, "prefix": prefix},
    ).fetchall()
    if len(rows) > 1:
        found = ", ".join(f"{row[1][:16]} (row {row[2]:,} of {row[5]})" for row in rows)
        raise OptionError(
            f"{which} matches {len(rows)} rows or more: {found}; "
            "give more digits of the fingerprint"
        )
    if rows:
        return Row(*rows[0])
    absences = []
    if number is not None:
        absences += [_no_row(connection, number, pool) for pool in pools]
    if prefix:
        absences.append(_no_fingerprint(connection, prefix, pools))
    raise NotFoundError("; ".join(absences))


def _no_row(connection: Connection, number: int, reference: Reference) -> str:
    """Return a sentence about a row number that is not a member."""
    version = {"version": reference.version}
    sized = version | {"id": reference.id}
    ((n_rows,),) = connection.sql(query("keys/n_pool_rows"), params=sized).fetchall()
    if number >= n_rows:
        return f"{reference} has no row {number:,}: its rows are 0 to {n_rows - 1:,}"
    quarantined = connection.sql(
        query("why/quarantined"),
        params=version | {"pool_id": reference.id, "row_number": number},
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


def _no_fingerprint(connection: Connection, prefix: str, pools: Sequence[Reference]) -> str:
    """Return a sentence about a fingerprint that no pool version has."""
    reference = " and ".join(map(str, pools))
    places = connection.sql(
        query("why/elsewhere"), params={"prefix": prefix, "pool_ids": [each.id for each in pools]}
    ).fetchall()
    if not places:
        return f"no pool has a fingerprint that begins with {prefix}: not {reference} either"
    versions = [
        f"{pool}@{added}" + (f" to {pool}@{removed - 1}" if removed else " on")
        for pool, added, removed in places
    ]
    return (
        f"{reference} has no fingerprint that begins with {prefix}; it is in {', '.join(versions)}"
    )
