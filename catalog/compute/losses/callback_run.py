"""Recording the losses of a user's own training run.

Only its steps are known, so every run is a signal of its own; a run that is resumed from its own
checkpoint continues its signal.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from catalog.compute.losses.recorder import (
    Members,
    Stopwatch,
    finish_trajectories,
    list_members,
    record_checkpoint,
    tokenised,
)
from catalog.compute.proxies import proxy_folder, sweep_training
from catalog.compute.turns import same_values
from catalog.signals.kind_options import Turns, turns_identity
from catalog.signals.kinds.losses import LossesOptions
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

VERSION = 1  # of this computation; a change that changes values counts it up


@dataclass
class ObservedRun:
    """Training run under observation; made by :func:`observe`.

    Attributes:
        signal: its trajectories.
        steps: the optimiser steps that were recorded, in order.
    """

    store: Store
    signal: Signal
    members: Members
    steps: list[int]
    watch: Stopwatch

    def record(self, lm: CausalLM, *, step: int, epoch: float) -> None:
        """Write every member's loss under the current model; a recorded step is skipped."""
        if step in self.steps:
            return
        number = len(self.steps)
        record_checkpoint(
            self.store,
            self.signal,
            lm,
            self.members,
            checkpoint=number,
            step=step,
            epoch=epoch,
            watch=self.watch,
        )
        self.steps.append(step)

    def finish(self) -> dict[str, int]:
        """Complete the trajectories, and return the number of members without one, by reason."""
        with self.store.writing() as connection:
            connection.execute(query("losses/set_dimension"), {"signal_id": self.signal.signal_id})
        reasons = finish_trajectories(self.store, self.signal, self.members, watch=self.watch)
        sweep_training(self.store, self.signal)
        return reasons


def observe(
    store: Store,
    reference: Reference,
    lm: CausalLM,
    *,
    name: str,
    step: int,
    max_length: int,
    turns: Turns = LossesOptions.turns,
) -> ObservedRun:
    """Start or continue to record a run.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset whose members are scored; a continued run scores those of the
            version that it started with.
        lm: the model in training.
        name: what the signal is called.
        step: the optimiser steps done before: 0, or the step that the run is resumed from; later
            records are removed.
        max_length: the maximum number of tokens per instruction.
        turns: all turns of the assistant that a trainer learns from, or the last.
    """
    LossesOptions(max_length=max_length, turns=turns)
    identity = turns_identity(turns) | {
        "template": lm.template.identity(),
        "dtype": lm.dtype,
        "max_length": max_length,
        "version": VERSION,
    }
    with store.writing() as connection:
        signal = _unfinished(connection, name, identity, reference) if step else None
        if signal is None:
            run, details = (
                {"run": uuid.uuid4().hex},
                {"recorded_on": str(reference)} | reference.parameters,
            )
            signal = ensure_signal(
                connection, kind="losses", name=name, identity=identity | run, details=details
            )
        parameters: dict[str, Any] = {"signal_id": signal.signal_id}
        connection.execute(query("losses/forget_checkpoints"), parameters | {"step": step})
        connection.execute(query("losses/forget_losses"), parameters)
        steps = [
            row[1]
            for row in connection.sql(query("losses/checkpoints"), params=parameters).fetchall()
        ]
    with store.reading() as connection:
        rows = list_members(connection, replace(reference, version=signal.details["version"]))
    members = tokenised(
        *(store, rows, lm),
        folder=proxy_folder(store, signal) / "tokens",
        max_length=max_length,
        turns=turns,
    )
    return ObservedRun(store, signal, members, steps, Stopwatch())


def _unfinished(
    connection: Connection, name: str, identity: dict[str, Any], reference: Reference
) -> Signal | None:
    """Return the newest unfinished run of a name over a version of the same pool or subset."""
    wanted = list(same_values(connection, reference, identity))
    for signal in list_named(connection, kind="losses", name=name):
        ((_, n_finished),) = connection.sql(
            query("losses/state"), params={"signal_id": signal.signal_id}
        ).fetchall()
        known = {key: value for key, value in signal.identity.items() if key != "run"}
        is_same_pool = (signal.details.get("kind"), signal.details.get("id")) == (
            reference.kind,
            reference.id,
        )
        if "run" in signal.identity and known in wanted and is_same_pool and not n_finished:
            return signal
    return None
