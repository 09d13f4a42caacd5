"""Match rows of a published table to instructions: by position, fingerprint, or key."""

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

NOT_A_MEMBER = -1
"""The instruction of a row about a quarantined or folded record."""

NOT_IN_FILE = "not_in_file"
"""The reason of a member that a file matched by key does not name."""


def instruction_ids(
    connection: Connection, reference: Reference, table: Published, *, key: str
) -> Ids:
    """Return the instruction of each row, `NOT_A_MEMBER` if its record is not a member.

    Args:
        connection: a reader's.
        reference: the pool or subset that the table was published for.
        table: with a column ``key`` unless that is ``row``.
        key: ``row``, ``fingerprint``, or a column that the records have too. A row is a position
            among the records of the pool, from 0, quarantined ones included: the integer column
            ``row`` of the table, or without one the position in the table.

    Returns:
        int64, shape (n_rows,).

    Raises:
        SignalError: the table's length or keys do not fit.
    """
    if key == "row":
        return _by_row(connection, reference, table)
    return _by_key(connection, reference, table, key=key)


def member_ids(connection: Connection, reference: Reference) -> Ids:
    """Return the instructions of a reference's members, int64, shape (n_members,), unordered."""
    members = connection.sql(
        "SELECT instruction_id FROM members_of($kind, $id, $version)", params=reference.parameters
    )
    ids: Ids = members.fetchnumpy()["instruction_id"]
    return ids


def count_members(connection: Connection, reference: Reference) -> int:
    """Return the number of a reference's members."""
    return len(member_ids(connection, reference))


def _by_row(connection: Connection, reference: Reference, table: Published) -> Ids:
    version = {"id": reference.id, "version": reference.version}
    rows = connection.sql(query(f"keys/{reference.kind}_rows"), params=version).to_arrow_table()
    n_rows = rows.num_rows
    if reference.kind == "pool":
        ((n_rows,),) = connection.sql(query("keys/n_pool_rows"), params=version).fetchall()
    ids = np.full(n_rows, NOT_A_MEMBER, dtype=np.int64)
    ids[rows["row_number"].to_numpy()] = rows["instruction_id"].to_numpy()
    column = table.columns.get("row")
    if isinstance(column, pa.Array) and _is_number(column.type):
        return ids[_positions(column, n_rows, table=table, reference=reference)]
    if table.n_rows != n_rows:
        members = "" if rows.num_rows == n_rows else f" ({rows.num_rows:,} of them members)"
        raise SignalError(
            f"{table.file} has {table.n_rows:,} rows and {reference} has {n_rows:,} records"
            f"{members}: rows are matched by position only if both are equal; use --key "
            "fingerprint or --key COLUMN"
        )
    return ids


def _is_number(type_: Any) -> bool:
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_))


def _positions(column: pa.Array, n_rows: int, *, table: Published, reference: Reference) -> Ids:
    """Return the column ``row`` of a table: positions from 0, each at most once."""
    if not pa.types.is_integer(column.type):
        raise SignalError(
            f"{table.file}: column row: expected whole numbers, got {column.type}; "
            "rename or correct it"
        )
    _require_unique(column, owner=f"{table.file} names", key="row")
    positions = column.to_numpy(zero_copy_only=False)
    outside = positions[(positions < 0) | (positions >= n_rows)]
    if len(outside):
        raise SignalError(
            f"{table.file} names {len(outside):,} rows that {reference} does not have (the first: "
            f"{outside[0]}): its {n_rows:,} records are rows 0 to {n_rows - 1:,}"
        )
    whole: Ids = positions.astype(np.int64)
    return whole


def _by_key(connection: Connection, reference: Reference, table: Published, *, key: str) -> Ids:
    column = table.column(key)
    is_arrow = isinstance(column, pa.Array)
    wanted = column.cast(pa.string()) if is_arrow else pa.array(column.astype(str))
    members = _member_keys(connection, reference, key=key)
    _require_unique(wanted, owner=f"{table.file} names", key=key)
    _require_unique(members["key"].combine_chunks(), owner=f"{reference} has", key=key)
    pairs = zip(members["key"].to_pylist(), members["instruction_id"].to_pylist(), strict=True)
    by_key = dict(pairs)
    keys = wanted.to_pylist()
    ids = np.array([by_key.get(value, NOT_A_MEMBER) for value in keys], dtype=np.int64)
    if len(ids) and (ids == NOT_A_MEMBER).all():
        raise SignalError(
            f"none of {table.n_rows:,} keys of {table.file} is in {reference} (the first: "
            f"{keys[0]}): check that the table was published for this version of this pool"
        )
    return ids


def first_without_member(table: Published, ids: Ids, *, key: str) -> str | None:
    """Return the key of the first row that is about no member; None if every row is about one.

    Args:
        table: n_rows rows.
        ids: what `instruction_ids` returned for them.
        key: as given there; a row's position stands for ``row``.
    """
    outside = np.flatnonzero(ids[: table.n_rows] == NOT_A_MEMBER)
    if not len(outside):
        return None
    column = table.columns.get(key)
    if column is None:
        return str(outside[0])
    if isinstance(column, pa.Array):
        return str(column[int(outside[0])].as_py())
    return str(column[outside[0]])


def _member_keys(connection: Connection, reference: Reference, *, key: str) -> pa.Table:
    """Return ``key`` and ``instruction_id`` of the records of a reference."""
    if key == "fingerprint":
        parameters = reference.parameters
        return connection.sql(query("keys/fingerprints"), params=parameters).to_arrow_table()
    if reference.kind == "subset":
        raise SignalError(
            f"{reference} is a subset: match its members with --key fingerprint or --key row"
        )
    parameters = {"id": reference.id, "version": reference.version, "column": f"$.{key}"}
    members = connection.sql(query("keys/metadata"), params=parameters).to_arrow_table()
    if not members.num_rows:
        raise SignalError(
            f"no record of {reference} has a key {key}: use --key row or --key fingerprint"
        )
    return members


def _require_unique(keys: pa.Array, *, owner: str, key: str) -> None:
    if keys.null_count:
        raise SignalError(f"{owner} {keys.null_count:,} rows without {key}: every row needs one")
    counts = keys.value_counts()
    repeated = [value["values"] for value in counts.to_pylist() if value["counts"] > 1]
    if repeated:
        raise SignalError(
            f"{owner} {len(repeated):,} values of {key} more than once (the first: "
            f"{repeated[0]}): a key must name one record"
        )
