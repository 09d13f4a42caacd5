"""Records that are the same instruction fold into one member, and each of them is kept with what it says beside the instruction."""

from __future__ import annotations

from typing import NamedTuple

from catalog.store.database import Connection
from catalog.store.queries import query


class Folded(NamedTuple):
    """What folded in a load.

    Attributes:
        n_records: records that are the same instruction as a member.
        n_differing: those that differ from it in source, labels, metadata or spelling; the others are exact duplicates.
        keys: what they differ in, the commonest first: ``source``, ``labels``, ``messages`` (another Unicode form, another order
            of keys), or a key of the metadata.
        n_unrecorded: differing records that no version of the pool has.
    """

    n_records: int = 0
    n_differing: int = 0
    keys: tuple[str, ...] = ()
    n_unrecorded: int = 0


def fold(
    connection: Connection, *, pool_id: int, is_append: bool, offset: int, n_records: int
) -> Folded:
    """Find the folded records of the load, and count those that differ; `register/changes` must have run.

    Args:
        connection: inside the load's transaction.
        pool_id: of the pool.
        is_append: whether the load is added to the pool.
        offset: row number of the load's first record.
        n_records: how many records fold, as counts say; none costs nothing.
    """
    if not n_records:
        return Folded()
    at = {"pool_id": pool_id}
    connection.execute(query("register/folded"), at | {"is_append": is_append, "offset": offset})
    connection.execute(query("register/differences"))
    n_differing, keys, n_unrecorded = connection.sql(
        query("register/folded_counts"), params=at
    ).fetchall()[0]
    return Folded(n_records, n_differing, tuple(keys or ()), n_unrecorded)
