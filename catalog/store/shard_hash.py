"""Hash a shard's rows: the sha256 of the values in the order of their instructions.

Compacting a table or moving a catalog does not change it; one flipped bit does.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from catalog.store.queries import query

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.store.database import Connection

IN_DATABASE = (
    "losses",
    "score",
    "labels",
)  # the kinds whose values DuckDB holds; those of others are vectors
FORMAT = b"1"  # of what is hashed


def rows_sha256(table: pa.Table) -> str:
    """Hash a shard's rows: ``instruction_id`` and the columns of its values, in any order of rows.

    >>> import pyarrow as pa
    >>> table = pa.table({"instruction_id": [1, 2], "value": [0.5, 1.0]})
    >>> rows_sha256(table) == rows_sha256(table.take([1, 0]))
    True
    >>> rows_sha256(table) == rows_sha256(table.slice(1))
    False
    """
    import numpy as np

    ids = table["instruction_id"].to_numpy()
    if (np.diff(ids) < 0).any():
        table = table.take(np.argsort(ids, kind="stable"))
    digest = hashlib.sha256(FORMAT)
    for name, column in zip(table.column_names, table.columns, strict=True):
        digest.update(f"\0{name}\0{_type_of(column.type)}\0{table.num_rows}\0".encode())
        _update(digest, column.chunks)
    return digest.hexdigest()


def stored_sha256(connection: Connection, *, kind: str, signal_id: int, shard: int) -> str:
    """Hash a shard's rows that DuckDB holds: losses, scores or labels."""
    at = {"signal_id": signal_id, "shard": shard}
    return rows_sha256(connection.sql(query(f"shards/{kind}"), params=at).to_arrow_table())


def record_sha256(connection: Connection, *, kind: str, signal_id: int, shard: int) -> None:
    """Record the hash of a shard in DuckDB, in the transaction that writes its last rows."""
    set_sha256(
        connection,
        stored_sha256(connection, kind=kind, signal_id=signal_id, shard=shard),
        signal_id=signal_id,
        shard=shard,
    )


def set_sha256(connection: Connection, sha256: str, *, signal_id: int, shard: int) -> None:
    """Record the hash of a shard."""
    connection.execute(
        query("shards/set_sha256"), {"sha256": sha256, "signal_id": signal_id, "shard": shard}
    )


def _type_of(type_: Any) -> str:
    """Return the type that is hashed, the same for every kind of list."""
    import pyarrow as pa

    if (
        pa.types.is_list(type_)
        or pa.types.is_large_list(type_)
        or pa.types.is_fixed_size_list(type_)
    ):
        return f"list {_type_of(type_.value_type)}"
    return "string" if pa.types.is_large_string(type_) else str(type_)


def _update(digest: Any, chunks: list[Any]) -> None:
    """Hash numbers as in memory, lists as lengths and items, texts as lists of bytes."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not chunks:
        return
    type_ = chunks[0].type
    is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_)
    if pa.types.is_fixed_size_list(type_):
        digest.update(f"{type_.list_size}".encode())
    elif is_text or pa.types.is_list(type_) or pa.types.is_large_list(type_):
        lengths = pc.binary_length if is_text else pc.list_value_length
        for chunk in chunks:
            digest.update(lengths(chunk).to_numpy(zero_copy_only=False).astype(np.int64))
    if is_text:
        digest.update("".join(text for chunk in chunks for text in chunk.to_pylist()).encode())
    elif pa.types.is_nested(type_):
        _update(digest, [chunk.flatten() for chunk in chunks])
    else:
        for chunk in chunks:
            digest.update(np.ascontiguousarray(chunk.to_numpy(zero_copy_only=False)))
