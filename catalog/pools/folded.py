"""Folding: records of the same instruction become one member.

Each record is kept with its source, labels and metadata.
"""

from __future__ import annotations

from typing import NamedTuple

from catalog.store.database import Connection
from catalog.store.queries import query


class Folded(NamedTuple):
    """Folded records of a load.

    Attributes:
        n_records: records with the same instruction as a member.
        n_differing: folded records that differ from the member in source, labels, metadata or
            spelling. The others are exact duplicates.
        keys: the differences, the commonest first: ``source``, ``labels``, ``messages`` (another
            Unicode form, another order of keys), or a key of the metadata.
        n_unrecorded: differing records that no version of the pool has.
    """

    n_records: int = 0
    n_differing: int = 0
    keys: tuple[str, ...] = ()
    n_unrecorded: int = 0


def fold(
    connection: Connection, *, pool_id: int, is_append: bool, offset: int, n_records: int
) -> Folded:
    """Find the folded records of the load and count those that differ.

    The statement `register/changes` must run before.

    Args:
        connection: the connection with the load's transaction.
        pool_id: the id of the pool.
        is_append: whether the load is added to the pool.
        offset: row number of the load's first record.
        n_records: number of folded records; 0 skips the queries.
    """
    if not n_records:
        return Folded()
    params = {"pool_id": pool_id}
    connection.execute(
        query("register/folded"), params | {"is_append": is_append, "offset": offset}
    )
    connection.execute(query("register/differences"))
    n_differing, keys, n_unrecorded = connection.sql(
        query("register/folded_counts"), params=params
    ).fetchall()[0]
    return Folded(n_records, n_differing, tuple(keys or ()), n_unrecorded)
