"""``trajectories(...)``: from a long table of losses to one vector an instruction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from catalog.arrow import from_numpy, to_numpy
from catalog.errors import SignalError
from catalog.query.rows import Positions, members
from catalog.signals.coverage import Coverage
from catalog.signals.resolve import command_for
from catalog.store.queries import query
from catalog.store.references import Reference

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.query.session import Session
    from catalog.store.database import Connection

Incomplete = Literal["refuse", "drop", "impute"]
Floats = np.ndarray[Any, np.dtype[np.float32]]

BATCH = 1_000_000  # rows of losses at a time

START = -1
"""The number of the checkpoint before training, which trajectories leave out."""


def load_trajectories(
    session: Session,
    columns: frozenset[str] | None,
    *,
    reference: Reference,
    signal: Coverage,
    incomplete: Incomplete,
    include_start: bool = False,
) -> pa.Table:
    """Return one row for each member with a trajectory: ``losses`` in training order, float32.

    It is a scan of the long table and a scatter into an array of n x T x 4 bytes; grouping lists in
    SQL takes ten times as long.

    Args:
        session: where to read.
        columns: the names that the query mentions; without ``losses`` among them no loss is read.
        reference: whose members.
        signal: which losses.
        incomplete: what to do with a trajectory that lacks a checkpoint.
        include_start: whether the loss before training comes first.

    Raises:
        SignalError: some lack a checkpoint, and ``incomplete`` is ``refuse``.
    """
    import pyarrow as pa

    connection = session.connection
    rows = members(connection, reference, signal)
    if columns is not None and "losses" not in columns and incomplete == "refuse":
        return rows
    ids = to_numpy(rows["instruction_id"])
    losses = loss_matrix(
        connection, ids, signal_id=signal.signal_id, include_start=include_start
    )  # (n, T)
    losses, kept = _completed(losses, incomplete=incomplete, reference=reference, signal=signal)
    if not kept.all():
        rows, losses = rows.filter(pa.array(kept)), losses[kept]
    n, t = losses.shape
    is_large = n * t >= 2**31
    offsets = from_numpy(np.arange(n + 1, dtype=np.int64 if is_large else np.int32) * t)
    lists = pa.LargeListArray if is_large else pa.ListArray
    return rows.append_column("losses", lists.from_arrays(offsets, from_numpy(losses.reshape(-1))))


def loss_matrix(
    connection: Connection,
    ids: np.ndarray[Any, np.dtype[np.int64]],
    *,
    signal_id: int,
    include_start: bool = False,
) -> Floats:
    """Return the losses of instructions in the order of training: shape (n, T), NaN if missing."""
    first = START if include_start else 0
    at = {"signal_id": signal_id, "first": first}
    (n_checkpoints,) = connection.sql(query("selection/n_checkpoints"), params=at).fetchall()[0]
    losses = np.full((len(ids), n_checkpoints), np.nan, dtype=np.float32)
    positions, flat = Positions(ids), losses.reshape(-1)
    for batch in connection.sql(query("selection/losses"), params=at).to_arrow_reader(BATCH):
        at_row = positions.of(to_numpy(batch["instruction_id"]))
        checkpoint = to_numpy(batch["checkpoint"]) - first
        loss = to_numpy(batch["loss"])
        if (
            at_row.min(initial=0) < 0 or checkpoint.max(initial=0) >= n_checkpoints
        ):  # no member, or a checkpoint not whole yet
            known = (at_row >= 0) & (checkpoint < n_checkpoints)
            at_row, checkpoint, loss = at_row[known], checkpoint[known], loss[known]
        flat[at_row * n_checkpoints + checkpoint] = loss
    return losses


def missing_start_error(
    connection: Connection, reference: Reference, signal: Coverage
) -> SignalError | None:
    """Return the error that no losses before training are recorded; None if they are."""
    parameters = {"signal_id": signal.signal_id}
    ((has_start,),) = connection.sql(query("losses/has_start"), params=parameters).fetchall()
    if has_start:
        return None
    command = command_for("losses", reference, signal.name, signal)
    if "imported" in signal.identity:
        step = "`catalog losses import --first-is-start` imports them as the first checkpoint"
    else:
        step = f"an earlier version trained it; `{command}` with another --seed records them"
    problem = f"the trajectories of {signal.name} over {reference} do not start before training"
    return SignalError(f"{problem}: {step}", command=command)


def _completed(
    losses: Floats, *, incomplete: Incomplete, reference: Reference, signal: Coverage
) -> tuple[Floats, np.ndarray[Any, np.dtype[np.bool_]]]:
    is_gap = np.isnan(losses)
    is_whole = (
        np.asarray(~is_gap.any(axis=1))
        if losses.shape[1]
        else np.zeros(len(losses), dtype=np.bool_)
    )
    if is_whole.all() or incomplete == "drop":
        return losses, is_whole
    if incomplete == "refuse":
        made = command_for("losses", reference, signal.name, signal)
        raise SignalError(
            f"{int((~is_whole).sum()):,} of {len(losses):,} trajectories of {signal.name} "
            f"over {reference} lack a checkpoint: "
            f"`{made}` computes them, incomplete => 'drop' leaves them out, 'impute' fills them in",
            command=made,
        )
    has_any = np.asarray(~is_gap.all(axis=1))
    steps = np.arange(losses.shape[1])
    for row in np.flatnonzero(has_any & ~is_whole):
        there = ~is_gap[row]
        losses[row] = np.interp(
            steps, steps[there], losses[row, there]
        )  # a line between neighbours, flat beyond the ends
    return losses, has_any
