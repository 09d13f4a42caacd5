"""Check that a selection shares no run of words with a pool that is registered for evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from catalog.arrow import to_numpy
from catalog.errors import MemoryLimitError, SelectionError
from catalog.messages import argument, quantity
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

# Every selection imports this module: what compares is imported where there is such a pool.
if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.rows import Ids
    from catalog.subsets.overlap.compared import Compared
    from catalog.subsets.overlap.methods import Method

NGRAM = 13
"""Words of a run, as in Brown et al. (arXiv 2005.14165)."""


@dataclass(frozen=True)
class EvalOverlap(NotebookResult):
    """Overlap of a selection with a pool that is registered for evaluation.

    Attributes:
        test: the pool, ``name@version``.
        n_members: members that share 13 words in a row with an item.
        n_items: items that they share them with.
    """

    test: str
    n_members: int
    n_items: int

    def __str__(self) -> str:
        """Return the overlap as a sentence."""
        return (
            f"{quantity(self.n_members, 'member shares', 'members share')} {NGRAM} words in a row "
            "with "
            f"{quantity(self.n_items, 'item')} of {self.test}"
        )


@dataclass(frozen=True)
class Check:
    """Check of a selection against all pools that are registered for evaluation.

    Attributes:
        overlaps: the pools that it overlaps with.
        compared: what was compared now, to be kept.
        method: of the comparison; None if nothing was compared.
        error: why they cannot be compared within the memory limit; None if they were.
    """

    overlaps: tuple[EvalOverlap, ...] = ()
    compared: Sequence[Compared] = ()
    method: Method | None = None
    error: MemoryLimitError | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return a warning for each pool, with what leaves the members out."""
        if self.error:
            return (f"not compared with pools for evaluation: {self.error}",)
        return tuple(f"{each}: {_remedy(each)}" for each in self.overlaps)

    def require_clean(self) -> None:
        """Refuse a selection that overlaps, or that was not compared.

        Raises:
            SelectionError: it overlaps.
            MemoryLimitError: the comparison would not fit the memory limit.
        """
        if self.error:
            raise self.error
        if self.overlaps:
            steps = dict.fromkeys(map(_remedy, self.overlaps))
            raise SelectionError("; ".join(map(str, self.overlaps)), next_step="; ".join(steps))

    def keep(self, connection: Connection) -> None:
        """Keep what was compared, inside a writing transaction."""
        if self.method is not None:
            from catalog.subsets.overlap.compared import record

            record(connection, self.compared, self.method)


def _remedy(overlap: EvalOverlap) -> str:
    name = overlap.test.partition("@")[0]
    flag = argument("clean_of", [name], flag=f"--clean-of {name}")
    return f"select from their pool with {flag} to leave them out"


def eval_pools(connection: Connection) -> list[Reference]:
    """Return the newest version of every pool that is registered for evaluation."""
    rows = connection.sql(query("overlap/eval_pools")).fetchall()
    return [Reference("pool", name, version, pool_id) for name, version, pool_id in rows]


def check(
    store: Store, members: Ids | Reference, tests: Sequence[Reference], *, limits: Limits
) -> Check:
    """Compare members with pools for evaluation, as far as they were not compared before.

    Args:
        store: the catalog's files and database.
        members: the subset, or the ids of its members: (n,) int64.
        tests: the pools.
        limits: memory.
    """
    if not tests:
        return Check()
    from catalog.subsets.overlap.compared import all_pairs, compare, member_ids, missing
    from catalog.subsets.overlap.methods import SharedWords

    method = SharedWords(NGRAM, limits.n_bytes)
    with store.reading() as connection:
        ids = member_ids(connection, [members]) if isinstance(members, Reference) else members
        left = missing(connection, ids, tests, method)
    try:
        compared = compare(store, left, method)
    except MemoryLimitError as error:
        return Check(error=error)
    with store.reading() as connection:
        pairs = all_pairs(connection, ids, compared, method)
        items = {test: member_ids(connection, [test]) for test in tests}
    overlaps = (_overlap(str(test), pairs, items[test]) for test in tests)
    return Check(tuple(each for each in overlaps if each.n_members), compared, method)


def _overlap(test: str, pairs: pa.Table, items: Ids) -> EvalOverlap:
    """Return the overlap with the items of one test set."""
    member, item = (to_numpy(pairs[name]) for name in ("instruction_id", "test_instruction_id"))
    is_of_test = np.isin(item, items)
    return EvalOverlap(test, len(np.unique(member[is_of_test])), len(np.unique(item[is_of_test])))
