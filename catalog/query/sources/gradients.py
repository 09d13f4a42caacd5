"""Relation ``gradients(...)``: those of a pool, or of a target at a pool's checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from catalog.errors import SignalError
from catalog.query.resolved import Resolved, nothing
from catalog.query.source_columns import MEMBER, SKETCHED_VECTOR, vector_columns
from catalog.query.sources._decorator import source
from catalog.signals.coverage import Coverage, PinnedSignals, coverages
from catalog.signals.resolve import command_for, missing_error, resolve_signal
from catalog.store.database import Connection
from catalog.store.references import Reference, resolve

TARGET = "sgd"
"""The optimizer in the identity of a target's gradients: none changes them."""


@source(
    order=120,
    example="SELECT * FROM k_center((FROM gradients('alpaca')), budget => 100)",
    columns=MEMBER | {"vector": SKETCHED_VECTOR},
)
def gradients(
    connection: Connection,
    ref: str,
    *,
    model: str | None = None,
    target_of: str | None = None,
    pins: PinnedSignals | None = None,
) -> Resolved:
    """Read one row for each member with a gradient: ``vector FLOAT[d]``, of length one.

    With ``target_of`` the members are examples of a target: their plain gradients at the
    checkpoints of that pool's, which inner products compare with that pool's own.
    """
    found = resolve(connection, ref)
    if target_of is None:
        return _resolved(found, _of_members(connection, found, model, pins), model)
    pool = resolve(connection, pins.reference(target_of) if pins else target_of)
    of_pool = _of_members(connection, pool, model, pins)
    if isinstance(of_pool, SignalError):
        return _resolved(pool, of_pool, model)
    return _of_target(connection, found, pool, of_pool)


def _of_members(
    connection: Connection, reference: Reference, model: str | None, pins: PinnedSignals | None
) -> Coverage | SignalError:
    every = coverages(connection, reference, kind="gradients", pins=pins)
    own = [each for each in every if each.identity["optimizer"] != TARGET]
    return resolve_signal(reference, own, kind="gradients", name=model, pins=pins)


def _of_target(
    connection: Connection, target: Reference, pool: Reference, of_pool: Coverage
) -> Resolved:
    """Return the gradients of a target that were taken at the checkpoints of the pool's."""
    command = command_for("gradients", target, of_pool.name, of_pool)
    command = command.with_options([("target_of", str(pool))])
    wanted = _at(of_pool.identity) | {"optimizer": TARGET}
    for each in coverages(connection, target, kind="gradients"):
        if _at(each.identity) == wanted and not each.n_missing:
            return _resolved(target, each, each.name)
    problem = f"{target} has no gradients at the checkpoints of {pool}, or not of all its members"
    error = SignalError(f"{problem}: `{command}` computes them", command=command)
    return _resolved(target, error, of_pool.name)


def _at(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must agree where two gradients are compared, and the optimizer."""
    return {key: value for key, value in identity.items() if key != "batch_order"}


def _resolved(reference: Reference, chosen: Coverage | SignalError, name: str | None) -> Resolved:
    if isinstance(chosen, SignalError):
        return Resolved(
            *(reference, None, "gradients", name),
            load=nothing,
            fault=chosen,
            columns=vector_columns(None),
            command=chosen.command,
        )
    from catalog.query.stored_vectors import load_embeddings

    return Resolved(
        *(reference, None, "gradients", name),
        load=partial(load_embeddings, reference=reference, signal=chosen),
        signals=(chosen,),
        fault=missing_error(reference, chosen),
        columns=vector_columns(chosen),
    )
