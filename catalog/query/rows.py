"""The positions of stored rows among the members of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.fingerprints import BYTES, COLUMN, is_large
from catalog.store.queries import query
from catalog.store.references import Reference

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.signals.coverage import Coverage
    from catalog.store.database import Connection

Ids = np.ndarray[Any, np.dtype[np.int64]]

# Instruction ids are consecutive, so a table over all of them is small unless a pool is a tiny part
# of a big catalog.
DENSE = 16


class Positions:
    """The position of each instruction among a pool's members."""

    def __init__(self, ids: Ids) -> None:
        """Args: ids: the members, each once. Shape (n,)."""
        last = int(ids.max()) if len(ids) else 0
        self.is_dense = last < DENSE * len(ids) + 1_000_000
        if self.is_dense:
            self.table = np.full(
                last + 2, -1, dtype=np.int64
            )  # its last entry is for all ids beyond
            self.table[ids] = np.arange(len(ids))
        else:
            self.order = np.argsort(ids, kind="stable")
            self.sorted = ids[self.order]

    def of(self, ids: Ids) -> Ids:
        """Return the positions of instructions, -1 for those that are not members. Shape (m,)."""
        if self.is_dense:
            return np.asarray(self.table.take(ids, mode="clip"))  # beyond the last is the last
        at = np.minimum(np.searchsorted(self.sorted, ids), len(self.sorted) - 1)
        return np.where(self.sorted[at] == ids, self.order[at], -1)


def members(connection: Connection, reference: Reference, signal: Coverage) -> pa.Table:
    """Return ``instruction_id`` and ``fingerprint`` of members that may have a value of a signal.

    Those of a large pool come by fingerprint, so that no kernel has to rearrange what is read of
    them, and their fingerprints are bytes, as `catalog.fingerprints` says.
    """
    from catalog.kernels._common.relation import canonical

    at = reference.parameters | {"signal_id": signal.signal_id}
    found = connection.sql(query("selection/members"), params=at)
    if not is_large(signal.n_members):
        return found.to_arrow_table()
    rows = found.project(f"instruction_id, unhex({COLUMN}) AS {COLUMN}").to_arrow_table()
    return canonical(rows.set_column(1, COLUMN, rows[COLUMN].cast(BYTES)))
