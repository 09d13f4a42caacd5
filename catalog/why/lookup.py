"""One row of the pool behind a subset, by row number or fingerprint; or why there is none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from catalog.errors import NotFoundError, OptionError
from catalog.store.database import Connection
from catalog.store.queries import query

LEAST_DIGITS = (
    8  # of a fingerprint: among a million, two that begin alike are one chance in a hundred
)


@dataclass(frozen=True)
class Row:
    """A member of the pool version that a subset was made from.

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
    """The row that a person means.

    Args:
        connection: to read with.
        which: a row number, or eight or more digits that a fingerprint begins with.
        pool_id: of the pool.
        version: of the pool.

    Raises:
        OptionError: it is neither, or more than one row answers to it.
        NotFoundError: there is no such row; the message says what is there instead.
    """
    text = str(which).strip().lower()
    is_number = re.fullmatch("0|[1-9][0-9]*", text) is not None
    is_prefix = re.fullmatch(rf"[0-9a-f]{{{LEAST_DIGITS},64}}", text) is not None
    if not is_number and not is_prefix:
        raise OptionError(
            f"{which!r} is no row: give a row number, or the first {LEAST_DIGITS} or more digits of a fingerprint"
        )
    at = {"pool_id": pool_id, "version": version}
    number, prefix = (
        int(text) if is_number and len(text) < 19 else None,
        text if is_prefix else None,
    )
    rows = connection.sql(
        query("why/row"), params=at | {"row_number": number, "prefix": prefix}
    ).fetchall()
    if len(rows) > 1:
        found = ", ".join(f"{row[1][:16]} (row {row[2]:,})" for row in rows)
        raise OptionError(
            f"{which} is {len(rows)} rows or more: {found}; give more digits of the fingerprint"
        )
    if rows:
        return Row(*rows[0])
    ((name,),) = connection.sql(query("pools/name"), params={"pool_id": pool_id}).fetchall()
    absences = (
        [_no_fingerprint(connection, prefix, name, at)]
        if prefix and not (is_number and len(text) < LEAST_DIGITS)
        else []
    )
    if number is not None:
        absences.insert(0, _no_row(connection, number, name, at))
    raise NotFoundError("; ".join(absences))


def _no_row(connection: Connection, number: int, name: str, at: dict[str, Any]) -> str:
    """What became of a row that is no member."""
    reference = f"{name}@{at['version']}"
    sized = {"id": at["pool_id"], "version": at["version"]}
    ((n_rows,),) = connection.sql(query("keys/n_pool_rows"), params=sized).fetchall()
    if number >= n_rows:
        return f"{reference} has no row {number:,}: its rows are 0 to {n_rows - 1:,}"
    quarantined = connection.sql(
        query("why/quarantined"), params=at | {"row_number": number}
    ).fetchall()
    if quarantined:
        file, position, reason, detail = quarantined[0]
        what = f"{reason} ({detail})" if detail else reason
        where = f"`catalog quarantine {reference}` shows it"
        return f"row {number:,} is not in {reference}: {file}, {position}, is in quarantine for {what}; {where}"
    return f"row {number:,} is not in {reference}: it repeats another row exactly, and is folded into that one; give its fingerprint"


def _no_fingerprint(connection: Connection, prefix: str, name: str, at: dict[str, Any]) -> str:
    """Where else a fingerprint is."""
    reference = f"{name}@{at['version']}"
    places = connection.sql(
        query("why/elsewhere"), params={"prefix": prefix, "pool_id": at["pool_id"]}
    ).fetchall()
    if not places:
        return f"{reference} has no fingerprint that begins with {prefix}, nor has another pool"
    said = [
        f"{pool}@{added}" + (f" to {pool}@{removed - 1}" if removed else " on")
        for pool, added, removed in places
    ]
    return f"{reference} has no fingerprint that begins with {prefix}; it is in {', '.join(said)}"
