"""Which instruction a row of a published table speaks of: by its position, its fingerprint, or a key of the records."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.imports.table import Published
from catalog.errors import SignalError
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference

Ids = np.ndarray[Any, np.dtype[np.int64]]
NOBODY = -1  # a row that speaks of a quarantined or folded record
ABSENT = "not_in_file"  # why a member has nothing: the file matches by key, and does not name it


def instruction_ids(
    connection: Connection, reference: Reference, table: Published, *, key: str
) -> Ids:
    """The instruction of each row, ``NOBODY`` where the row's record is no member.

    Args:
        connection: a reader's.
        reference: the pool or subset that the table was published for.
        table: with a column ``key`` unless that is ``row``.
        key: ``row`` (the position among the records of the pool, from 0, quarantined ones counted: what the table's integer column
            ``row`` says, or without one the position in the table), ``fingerprint``, or a column
            that the records had too.

    Returns:
        int64, shape (n_rows,).

    Raises:
        SignalError: the table's length or keys do not fit.
    """
    if key == "row":
        return _by_row(connection, reference, table)
    return _by_key(connection, reference, table, key=key)


def member_ids(connection: Connection, reference: Reference) -> Ids:
    """The instructions of a reference's members, int64, shape (n_members,), in no order."""
    members = connection.sql(
        "SELECT instruction_id FROM members_of($kind, $id, $version)", params=reference.parameters
    )
    ids: Ids = members.fetchnumpy()["instruction_id"]
    return ids


def count_members(connection: Connection, reference: Reference) -> int:
    """How many members a reference has."""
    return len(member_ids(connection, reference))


def _by_row(connection: Connection, reference: Reference, table: Published) -> Ids:
    at = {"id": reference.id, "version": reference.version}
    rows = connection.sql(query(f"keys/{reference.kind}_rows"), params=at).to_arrow_table()
    n_rows = rows.num_rows
    if reference.kind == "pool":
        ((n_rows,),) = connection.sql(query("keys/n_pool_rows"), params=at).fetchall()
    ids = np.full(n_rows, NOBODY, dtype=np.int64)
    ids[rows["row_number"].to_numpy()] = rows["instruction_id"].to_numpy()
    said = table.columns.get("row")
    if isinstance(said, pa.Array) and (
        pa.types.is_integer(said.type) or pa.types.is_floating(said.type)
    ):
        return ids[_positions(said, n_rows, table=table, reference=reference)]
    if table.n_rows != n_rows:
        members = "" if rows.num_rows == n_rows else f" ({rows.num_rows:,} of them members)"
        raise SignalError(
            f"{table.file} has {table.n_rows:,} rows and {reference} was read from {n_rows:,} records{members}: "
            "rows can be matched by position only when both are equal; use --key fingerprint or --key COLUMN"
        )
    return ids


def _positions(said: pa.Array, n_rows: int, *, table: Published, reference: Reference) -> Ids:
    """The column ``row`` of a table: positions from 0, each at most once."""
    if not pa.types.is_integer(said.type):
        raise SignalError(
            f"{table.file}: its column row holds {said.type}, and positions are whole numbers: rename it, or mend it"
        )
    _refuse_twice(said, what=f"{table.file} names", key="row")
    positions = said.to_numpy(zero_copy_only=False)
    outside = positions[(positions < 0) | (positions >= n_rows)]
    if len(outside):
        raise SignalError(
            f"{table.file} names {len(outside):,} rows that {reference} has not (the first: {outside[0]}): "
            f"its {n_rows:,} records are rows 0 to {n_rows - 1:,}"
        )
    whole: Ids = positions.astype(np.int64)
    return whole


def _by_key(connection: Connection, reference: Reference, table: Published, *, key: str) -> Ids:
    wanted = table.column(key)
    wanted = (
        wanted.cast(pa.string()) if isinstance(wanted, pa.Array) else pa.array(wanted.astype(str))
    )
    if key == "fingerprint":
        members = connection.sql(
            query("keys/fingerprints"), params=reference.parameters
        ).to_arrow_table()
    elif reference.kind == "subset":
        raise SignalError(
            f"{reference} is a subset: its members are matched with --key fingerprint or --key row"
        )
    else:
        at = {"id": reference.id, "version": reference.version, "column": f"$.{key}"}
        members = connection.sql(query("keys/metadata"), params=at).to_arrow_table()
        if not members.num_rows:
            raise SignalError(
                f"no record of {reference} had a key {key}: use --key row or --key fingerprint"
            )
    _refuse_twice(wanted, what=f"{table.file} names", key=key)
    _refuse_twice(members["key"].combine_chunks(), what=f"{reference} has", key=key)
    positions = dict(
        zip(members["key"].to_pylist(), members["instruction_id"].to_pylist(), strict=True)
    )
    ids = np.array([positions.get(value, NOBODY) for value in wanted.to_pylist()], dtype=np.int64)
    unknown = [
        value for value, found in zip(wanted.to_pylist(), ids, strict=True) if found == NOBODY
    ]
    if unknown:
        raise SignalError(
            f"{len(unknown):,} of {table.n_rows:,} keys of {table.file} are not in {reference} (the first: {unknown[0]}): "
            "was the table published for this pool, and for this version of it?"
        )
    return ids


def _refuse_twice(keys: pa.Array, *, what: str, key: str) -> None:
    if keys.null_count:
        raise SignalError(f"{what} {keys.null_count:,} rows without {key}: every row needs its key")
    counts = keys.value_counts()
    repeated = [value["values"] for value in counts.to_pylist() if value["counts"] > 1]
    if repeated:
        raise SignalError(
            f"{what} {len(repeated):,} values of {key} more than once (the first: {repeated[0]}): a key must name one record"
        )
