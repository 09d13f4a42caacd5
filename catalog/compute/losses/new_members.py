"""Losses of members that a proxy was not trained with, at its kept checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.compute.losses.job import LossRun
from catalog.compute.losses.recorder import finish_trajectories, tokenised
from catalog.compute.proxies import checkpoint_file, final_folder, proxy_folder, start_model
from catalog.compute.shard_runner import missing
from catalog.errors import SignalError
from catalog.query.trajectories import START
from catalog.signals.registry import Signal
from catalog.store.queries import query

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM


def without_losses(job: LossRun, signal: Signal, members: pa.Table) -> pa.Table:
    """Return the members without a complete trajectory, in the members' order."""
    with job.store.reading() as connection:
        wanted = missing(connection, job.reference, signal)["instruction_id"]
    return members.filter(pc.is_in(members["instruction_id"], value_set=wanted.combine_chunks()))


def score_new_members(
    job: LossRun, signal: Signal, members: pa.Table
) -> tuple[int, dict[str, int]]:
    """Score the members without a trajectory at the kept checkpoints.

    Returns:
        How many were scored, and how many of them have no trajectory, by reason.

    Raises:
        SignalError: the checkpoints were not kept.
    """
    todo = without_losses(job, signal, members)
    if not todo.num_rows:
        return 0, {}
    files = _checkpoints(job, signal)
    if not all(file.is_file() for file in files.values()):
        raise SignalError(
            f"{signal.name} was trained on {signal.details['trained_on']} without keeping its "
            f"checkpoints, so {todo.num_rows:,} new members of {job.reference} cannot be scored: "
            f"--retrain trains on all {members.num_rows:,}; add --keep-checkpoints to avoid it "
            "next time"
        )
    from catalog.models.resume import load_weights

    lm = _proxy(job, signal)
    folder = proxy_folder(job.store, signal) / "tokens"
    window: dict[str, Any] = {"max_length": job.max_length, "turns": job.turns}
    learners = tokenised(job.store, todo, lm, folder=folder, **window)
    job.n_total = int(learners.usable.sum()) * len(files)
    for checkpoint, file in files.items():
        load_weights(lm.model, file)
        job.record(signal, lm, learners, checkpoint=checkpoint)
    reasons = finish_trajectories(job.store, signal, learners, watch=job.watch)
    return todo.num_rows, reasons


def _checkpoints(job: LossRun, signal: Signal) -> dict[int, Path]:
    """Return the file of the weights at each recorded checkpoint."""
    parameters = {"signal_id": signal.signal_id}
    with job.store.reading() as connection:
        ((has_start,),) = connection.sql(query("losses/has_start"), params=parameters).fetchall()
    numbers = range(START if has_start else 0, job.recipe.checkpoints)
    return {number: checkpoint_file(job.store, signal, number) for number in numbers}


def _proxy(job: LossRun, signal: Signal) -> CausalLM:
    """Return the model that takes the weights of a checkpoint.

    Those of adapters belong to the model that training started from.
    """
    from catalog.models.causal_lm import load_causal_lm

    if "lora" in signal.identity:
        return start_model(job.store, signal, job.proxy, pa.table({}), seed=job.recipe.seed)
    dtype = signal.identity["start"]["dtype"]
    return load_causal_lm(final_folder(job.store, signal), dtype=dtype, to_train=True)
