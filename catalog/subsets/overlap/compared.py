"""Comparisons that are kept: each member meets each test item once, whatever asks for it later.

The items of a group were all compared with all members of the group, so that what is missing is a
difference of two sets.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.arrow import to_numpy
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, source_parameters
from catalog.store.store import Store
from catalog.subsets.overlap.methods import Method, wanted

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.rows import Ids


@dataclass(frozen=True)
class Missing:
    """Members that the items of a group were not compared with.

    Attributes:
        group_id: of the group; None of items that no group has.
        items: all of the group.
        members: that are missing.
    """

    group_id: int | None
    items: Ids
    members: Ids


@dataclass(frozen=True)
class Compared:
    """Comparison that is to be kept.

    Attributes:
        missing: what was compared.
        n_words: of each item; only of a new group.
        pairs: that overlap.
    """

    missing: Missing
    n_words: Sequence[int | None]
    pairs: pa.Table


def member_ids(connection: Connection, references: Sequence[Reference]) -> Ids:
    """Return the ids of the members of pools and subsets, ascending, each once: (n,) int64."""
    found = connection.sql(query("overlap/ids"), params=source_parameters(references))
    return _ids(found)


def missing(
    connection: Connection, members: Ids, tests: Iterable[Reference], method: Method
) -> list[Missing]:
    """Return what members and test sets were not compared with yet."""
    found: dict[int | None, Missing] = {}
    new: list[Missing] = []
    for test in tests:
        asked = test.parameters | {"method": method.name}
        items = _ids(connection.sql(query("overlap/new_items"), params=asked))
        items = np.setdiff1d(items, [item for each in new for item in each.items])
        if len(items):
            new.append(Missing(None, items, members))
        for (group_id,) in connection.sql(query("overlap/groups"), params=asked).fetchall():
            if group_id not in found:
                found[group_id] = _missing_of(connection, members, group_id)
    return [*(each for each in found.values() if len(each.members)), *new]


def _missing_of(connection: Connection, members: Ids, group_id: int) -> Missing:
    group = {"group_id": group_id}
    with wanted(connection, members):
        left = _ids(connection.sql(query("overlap/not_compared"), params=group))
    items = _ids(connection.sql(query("overlap/items_of_group"), params=group))
    return Missing(group_id, items, left)


def compare(store: Store, found: Sequence[Missing], method: Method) -> list[Compared]:
    """Compare what is missing; groups that lack the same members are compared together."""
    by_members: dict[bytes, list[Missing]] = {}
    for each in found:
        by_members.setdefault(each.members.tobytes(), []).append(each)
    return [
        compared
        for together in by_members.values()
        for compared in _together(store, together, method)
    ]


def _together(store: Store, found: Sequence[Missing], method: Method) -> Iterable[Compared]:
    import pyarrow as pa

    pairs = method.pairs(store, found[0].members, np.concatenate([each.items for each in found]))
    items = to_numpy(pairs["test_instruction_id"])
    for each in found:
        n_words = method.n_words(store, each.items) if each.group_id is None else ()
        yield Compared(each, n_words, pairs.filter(pa.array(np.isin(items, each.items))))


def compare_all(store: Store, members: Ids, tests: Sequence[Reference], method: Method) -> int:
    """Compare members with test sets, as far as they never met, and keep it.

    Another process may add the same items meanwhile; what it has not compared is compared again.

    Returns:
        How many members were compared, at most, with an item.
    """
    n_compared = 0
    while True:
        with store.reading() as connection:
            left = missing(connection, members, tests, method)
        if not left:
            return n_compared
        compared = compare(store, left, method)
        with store.writing() as connection:
            record(connection, compared, method)
        n_compared = max(n_compared, *(len(each.members) for each in left))


def all_pairs(
    connection: Connection, members: Ids, compared: Iterable[Compared], method: Method
) -> pa.Table:
    """Return the pairs of members that are kept, and those of new comparisons, as ids."""
    import pyarrow as pa

    with wanted(connection, members):
        params = {"method": method.name}
        kept = connection.sql(query("overlap/pair_ids"), params=params).to_arrow_table()
    return pa.concat_tables([kept, *(each.pairs.select(kept.column_names) for each in compared)])


def record(connection: Connection, compared: Iterable[Compared], method: Method) -> None:
    """Keep comparisons; what another process has kept meanwhile stays as it is.

    Call it inside a writing transaction.
    """
    for each in compared:
        group_id = each.missing.group_id
        if group_id is None:
            group_id = _new_group(connection, each, method)
        if group_id is not None:
            _add(connection, each, group_id)


def _new_group(connection: Connection, compared: Compared, method: Method) -> int | None:
    """Add a group; None if an item of it belongs to another by now."""
    import pyarrow as pa

    items = {"instruction_id": compared.missing.items, "n_words": list(compared.n_words)}
    types = pa.schema({"instruction_id": pa.int64(), "n_words": pa.int32()})
    connection.register("new_items", pa.table(items, schema=types))
    try:
        params = {"method": method.name}
        ((n_known,),) = connection.sql(query("overlap/n_known"), params=params).fetchall()
        if n_known:
            return None
        ((group_id,),) = connection.sql("SELECT nextval('overlap_group_ids')").fetchall()
        connection.execute(query("overlap/add_group"), params | {"group_id": group_id})
        connection.execute(query("overlap/add_items"), {"group_id": group_id})
    finally:
        connection.unregister("new_items")
    return int(group_id)


def _add(connection: Connection, compared: Compared, group_id: int) -> None:
    group = {"group_id": group_id}
    connection.register("new_pairs", compared.pairs)
    connection.execute(query("overlap/add_pairs"), group)
    connection.unregister("new_pairs")
    with wanted(connection, compared.missing.members):
        connection.execute(query("overlap/add_members"), group)


def _ids(relation: Any) -> Ids:
    return to_numpy(relation.to_arrow_table()["instruction_id"]).astype(np.int64, copy=False)
