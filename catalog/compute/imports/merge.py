"""What an import keeps of the import of its name before it: the numbers of members whom its file does not name.

A pool grows, and a file of its new members' numbers is all that somebody has to make; what is read
by the name has the others' too.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from catalog.compute.imports.row_matching import Ids
from catalog.compute.imports.table import Numbers
from catalog.query.trajectories import loss_matrix
from catalog.signals.coverage import Coverage, coverages, most_complete
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


def kept_scores(
    connection: Connection, reference: Reference, absent: Ids, *, name: str
) -> tuple[Ids, Numbers]:
    """The scores of members of whom a file says nothing, by the import that is read now.

    Args:
        connection: of the import's transaction.
        reference: what the file is about.
        absent: the members whom it does not name.
        name: the score's.

    Returns:
        Those of them that have a score, ascending, and their scores: both of shape (n_kept,).
    """
    before = _import_before(connection, reference, kind="score", name=name) if len(absent) else None
    if before is None:
        return absent[:0], np.zeros(0)
    rows = connection.sql(
        query("scores/values"), params={"signal_id": before.signal_id}
    ).fetchnumpy()
    is_kept = np.isin(rows["instruction_id"], absent)
    return rows["instruction_id"][is_kept], rows["value"][is_kept]


def kept_losses(
    connection: Connection, reference: Reference, absent: Ids, *, proxy: str, n_checkpoints: int
) -> tuple[Ids, Numbers, int]:
    """The trajectories of members of whom a file says nothing, by the import that is read now.

    Args:
        connection: of the import's transaction.
        reference: what the file is about.
        absent: the members whom it does not name.
        proxy: the name of the model that the losses are of.
        n_checkpoints: of the file: losses at more or fewer are of another run, and are not put beside its own.

    Returns:
        Those of them that have a trajectory, ascending, shape (n_kept,); the trajectories, shape (n_kept, n_checkpoints); and how many
        have one of another length.
    """
    nobody, nothing = absent[:0], np.zeros((0, n_checkpoints), dtype=np.float32)
    before = (
        _import_before(connection, reference, kind="losses", name=proxy) if len(absent) else None
    )
    if before is None:
        return nobody, nothing, 0
    known = connection.sql(
        query("signals/members"), params={"signal_id": before.signal_id}
    ).fetchnumpy()["instruction_id"]
    kept = np.intersect1d(known, absent)
    if before.dimension != n_checkpoints:
        return nobody, nothing, len(kept)
    return kept, loss_matrix(connection, kept, signal_id=before.signal_id), 0


def _import_before(
    connection: Connection, reference: Reference, *, kind: Literal["score", "losses"], name: str
) -> Coverage | None:
    """The import that is read by a name now; None where there is none, or what is read was computed here."""
    found = [
        one
        for one in coverages(connection, reference, kind=kind)
        if one.name == name and one.n_with_value
    ]
    read = most_complete(found) if found else None
    return read if read and "imported" in read.identity else None
