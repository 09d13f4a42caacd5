"""Merge an import with the previous one of its name: members that its file omits keep their values.

A pool grows, and a file with the values of its new members is enough to import: the other members
keep theirs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from catalog.compute.imports.report import Numbers
from catalog.compute.imports.row_matching import Ids
from catalog.query.trajectories import loss_matrix
from catalog.signals.coverage import Coverage, coverages, most_complete
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


def kept_scores(
    connection: Connection, reference: Reference, absent: Ids, *, name: str
) -> tuple[Ids, Numbers]:
    """Return the scores that members keep from the active import.

    Args:
        connection: of the import's transaction.
        reference: what the file is about.
        absent: the members that the file does not name.
        name: the score's.

    Returns:
        Those of them that have a score, ascending, and their scores: both of shape (n_kept,).
    """
    nobody, nothing = absent[:0], np.zeros(0)
    if not len(absent):
        return nobody, nothing
    previous = _active_import(connection, reference, kind="score", name=name)
    if previous is None:
        return nobody, nothing
    parameters = {"signal_id": previous.signal_id}
    rows = connection.sql(query("scores/values"), params=parameters).fetchnumpy()
    is_kept = np.isin(rows["instruction_id"], absent)
    return rows["instruction_id"][is_kept], rows["value"][is_kept]


def kept_losses(
    connection: Connection,
    reference: Reference,
    absent: Ids,
    *,
    proxy: str,
    n_checkpoints: int,
    has_start: bool,
) -> tuple[Ids, Numbers, int]:
    """Return the trajectories that members keep from the active import.

    Args:
        connection: of the import's transaction.
        reference: what the file is about.
        absent: the members that the file does not name.
        proxy: the name of the model that the losses belong to.
        n_checkpoints: of the file. Losses at another number of checkpoints are of another run and
            are not combined with the file's.
        has_start: whether the file has losses before training, which must then be there too.

    Returns:
        Those of them that have a trajectory, ascending, shape (n_kept,); the trajectories, shape
        (n_kept, n_checkpoints), after the losses before training if the file has those; and the
        number of those with a trajectory of another length.
    """
    nobody, nothing = absent[:0], np.zeros((0, has_start + n_checkpoints), np.float32)
    if not len(absent):
        return nobody, nothing, 0
    previous = _active_import(connection, reference, kind="losses", name=proxy)
    if previous is None:
        return nobody, nothing, 0
    parameters = {"signal_id": previous.signal_id}
    known = connection.sql(query("signals/members"), params=parameters).fetchnumpy()
    kept = np.intersect1d(known["instruction_id"], absent)
    is_alike = previous.identity.get("has_start", False) == has_start
    if previous.dimension != n_checkpoints or not is_alike:
        return nobody, nothing, len(kept)
    losses = loss_matrix(connection, kept, signal_id=previous.signal_id, include_start=has_start)
    return kept, losses, 0


def _active_import(
    connection: Connection, reference: Reference, *, kind: Literal["score", "losses"], name: str
) -> Coverage | None:
    """Return the import that is read by a name; None if there is none, or if it was computed."""
    candidates = [
        coverage
        for coverage in coverages(connection, reference, kind=kind)
        if coverage.name == name and coverage.n_with_value
    ]
    if not candidates:
        return None
    active = most_complete(candidates)
    if "imported" in active.identity:
        return active
    return None
