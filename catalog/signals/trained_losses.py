"""Loss trajectories of a proxy that is trained here: what SmallToLarge selects by (Yang et al. 2024, arXiv 2403.07384).

The proxy is trained on the members; at each checkpoint every member's mean response loss is recorded. New instructions of a pool's
next version are scored at the checkpoints that were kept, and nothing is trained again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import SignalError
from catalog.signals.frame import SHARD_ROWS, Progress, exclusively, missing
from catalog.signals.loss_run import LossRun
from catalog.signals.proxies import (
    checkpoint_file,
    final_folder,
    proxy_folder,
    recipe_of,
    start_dtype,
    start_model,
    sweep_drafts,
    sweep_training,
)
from catalog.signals.recorded_losses import finish_trajectories, list_members, tokenised
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.database import WAIT, reading, writing
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.references import Reference

KEPT_PARAMETERS = 10_000_000  # a proxy below this keeps the weights of its checkpoints


@dataclass
class TrainedLosses:
    """What a run did.

    Attributes:
        signal: the trajectories.
        trained_on: the pool or subset that the proxy learnt from; an earlier version's, when this run only scored what is new.
        n_trained: members that it learnt from.
        n_members: members of the reference.
        n_before: of them, how many were done before this run.
        n_computed: of them, how many this run did.
        n_left: of them, how many a sample (``limit``) left out.
        checkpoints: one row a checkpoint: checkpoint, step, epoch, mean_loss, seconds.
        reasons: how many of this run's have no trajectory, by reason.
        seconds: of this run.
    """

    signal: Signal
    trained_on: str
    n_trained: int
    n_members: int
    n_before: int
    n_computed: int = 0
    n_left: int = 0
    checkpoints: list[dict[str, Any]] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def train_losses(
    home: Home,
    reference: Reference,
    *,
    proxy: str = "tiny",
    recipe: Mapping[str, Any] | None = None,
    max_length: int = 512,
    keep_checkpoints: bool | None = None,
    is_retrain: bool = False,
    limit: int | None = None,
    chunk_rows: int = SHARD_ROWS,
    wait: float = WAIT,
    progress: Progress | None = None,
) -> TrainedLosses:
    """Train a proxy on the members of a pool or subset, and record every member's loss at each checkpoint.

    Killed at any moment, the same call goes on to the numbers of an unbroken run. A later version of a pool is scored at the
    checkpoints of the proxy that an earlier version trained.

    Args:
        home: the catalog's folder.
        reference: whose members.
        proxy: ``tiny``, a Hugging Face id or a path.
        recipe: fields of :class:`catalog.models.recipe.Recipe` that differ from the proxy's; None leaves one as it is.
        max_length: the window in tokens.
        keep_checkpoints: keep the weights of every checkpoint; None keeps those of a proxy below 10 million parameters.
        is_retrain: train on this version, even where an earlier version's proxy could score what is new.
        limit: train on and score a sample of that many only, as a signal of its own.
        chunk_rows: instructions that are scored and written at once.
        wait: seconds to wait for another process.
        progress: told (done, of how many, tokens) as it goes; training an instruction counts three times its scoring.

    Raises:
        ModelNotFoundError: there is no such proxy here.
        OptionError: the recipe makes no sense for so many members.
        SignalError: no member has a response, or what is new cannot be scored since no checkpoints were kept.
        LockedError: another process trains this proxy.
    """
    started = time.monotonic()
    with reading(home, wait=wait) as connection:
        everybody = list_members(connection, reference)
    limit = None if limit is None or limit >= everybody.num_rows else limit
    members = everybody.slice(0, limit)  # fingerprints are uniform, so the first of them are a fair draw
    recipe_ = recipe_of(proxy, recipe or {}, n_instructions=members.num_rows)
    job = LossRun(home, reference, proxy, recipe_, max_length, keep_checkpoints, limit, chunk_rows, wait, progress)
    signal = _signal(job, members, is_retrain=is_retrain)
    with exclusively(home, signal):
        report = _report(job, signal, members)
        if _is_trained(job, signal):
            _extend(job, signal, members, report)
        else:
            _train(job, signal, members, report)
        sweep_training(home, signal)
    report.n_members = everybody.num_rows
    report.n_left = everybody.num_rows - members.num_rows
    with reading(home, wait=wait) as connection:
        rows = connection.sql(query("losses/checkpoints"), params={"signal_id": signal.signal_id}).to_arrow_table()
    report.checkpoints = rows.to_pylist()
    report.seconds = time.monotonic() - started
    return report


def _signal(job: LossRun, members: pa.Table, *, is_retrain: bool) -> Signal:
    """The signal of this very training set, else one that an earlier version trained, else a new one."""
    identity = job.identity(members)
    with reading(job.home, wait=job.wait) as connection:
        known = list_named(connection, kind="losses", name=job.name)
    alike = [signal for signal in known if "start" in signal.identity and _comparable(signal.identity) == _comparable(identity)]
    same = [signal for signal in alike if signal.identity["trained_on"] == identity["trained_on"]]
    if same:
        return same[0]
    if not is_retrain and not job.limit:
        earlier = [signal for signal in alike if _is_earlier(signal, job.reference) and _is_trained(job, signal)]
        if earlier:
            return earlier[0]
    job.recipe.marks(members.num_rows)  # refuses before anything is written
    identity["start"]["dtype"] = start_dtype(job.proxy)
    reference = job.reference
    details = {"trained_on": str(reference)} | reference.parameters
    with writing(job.home, wait=job.wait) as connection:
        return ensure_signal(
            connection,
            kind="losses",
            name=job.name,
            identity=identity,
            dimension=job.recipe.checkpoints,
            details=details | {"n_trained": members.num_rows, "is_sample": job.limit is not None},
        )


def _comparable(identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity without its training set, and without the precision, which a proxy that is there keeps."""
    start = {key: value for key, value in identity["start"].items() if key != "dtype"}
    return {key: value for key, value in identity.items() if key != "trained_on"} | {"start": start}


def _is_earlier(signal: Signal, reference: Reference) -> bool:
    made = signal.details
    is_same_pool = reference.kind == made["kind"] == "pool" and made["id"] == reference.id
    return is_same_pool and not made["is_sample"] and bool(made["version"] <= reference.version)


def _is_trained(job: LossRun, signal: Signal) -> bool:
    with reading(job.home, wait=job.wait) as connection:
        rows = connection.sql(query("losses/state"), params={"signal_id": signal.signal_id}).fetchall()
    n_checkpoints, n_finished = rows[0]
    return n_checkpoints == job.recipe.checkpoints and bool(n_finished)


def _report(job: LossRun, signal: Signal, members: pa.Table) -> TrainedLosses:
    todo = _todo(job, signal, members)
    return TrainedLosses(
        signal=signal,
        trained_on=signal.details["trained_on"],
        n_trained=signal.details["n_trained"],
        n_members=members.num_rows,
        n_before=members.num_rows - todo.num_rows,
    )


def _todo(job: LossRun, signal: Signal, members: pa.Table) -> pa.Table:
    """The members without a complete trajectory, in the members' order."""
    with reading(job.home, wait=job.wait) as connection:
        wanted = missing(connection, job.reference, signal)["instruction_id"]
    return members.filter(pc.is_in(members["instruction_id"], value_set=wanted.combine_chunks()))


def _train(job: LossRun, signal: Signal, rows: pa.Table, report: TrainedLosses) -> None:
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.training import train

    folder = proxy_folder(job.home, signal)
    sweep_drafts(job.home, signal)
    lm = start_model(job.home, signal, job.proxy, rows, seed=job.recipe.seed, wait=job.wait)
    members = tokenised(job.home, rows, lm, folder=folder / "tokens", max_length=job.max_length, wait=job.wait)
    job.n_total = int(members.usable.sum()) * (3 * job.recipe.epochs + job.recipe.checkpoints)
    is_kept = lm.model.num_parameters() < KEPT_PARAMETERS if job.keep_checkpoints is None else job.keep_checkpoints
    is_first = True
    for checkpoint in train(lm, members.tokens, recipe=job.recipe, folder=folder / "run", progress=job.trained):
        if is_first:  # an earlier run scored the checkpoints before this one
            job.scored((checkpoint.number - 1) * int(members.usable.sum()), 0)
            is_first = False
        if is_kept:
            job.keep(signal, lm, checkpoint=checkpoint.number - 1)
        job.record(signal, lm, members, checkpoint=checkpoint.number - 1, step=checkpoint.step, n_steps=checkpoint.n_steps)
    if not final_folder(job.home, signal).is_dir():
        save_causal_lm(lm, final_folder(job.home, signal))
    report.reasons = finish_trajectories(job.home, signal, members, watch=job.watch, wait=job.wait)
    report.n_computed = rows.num_rows


def _extend(job: LossRun, signal: Signal, rows: pa.Table, report: TrainedLosses) -> None:
    """Score the members that the proxy was not trained with at its kept checkpoints."""
    todo = _todo(job, signal, rows)
    if not todo.num_rows:
        return
    files = [checkpoint_file(job.home, signal, number) for number in range(job.recipe.checkpoints)]
    if not all(file.is_file() for file in [*files, final_folder(job.home, signal) / "config.json"]):
        raise SignalError(
            f"{signal.name} was trained on {report.trained_on} and its checkpoints were not kept, so that the {todo.num_rows:,} "
            f"members that are new in {job.reference} cannot be scored: --retrain trains on all {rows.num_rows:,} "
            "(and --keep-checkpoints spares it next time)"
        )
    from safetensors.torch import load_model

    from catalog.models.causal_lm import load_causal_lm

    lm = load_causal_lm(final_folder(job.home, signal), dtype=signal.identity["start"]["dtype"], to_train=True)
    members = tokenised(job.home, todo, lm, folder=proxy_folder(job.home, signal) / "tokens", max_length=job.max_length, wait=job.wait)
    job.n_total = int(members.usable.sum()) * len(files)
    for checkpoint, file in enumerate(files):
        load_model(lm.model, str(file), device=str(lm.device))
        job.record(signal, lm, members, checkpoint=checkpoint)
    report.reasons = finish_trajectories(job.home, signal, members, watch=job.watch, wait=job.wait)
    report.n_computed = todo.num_rows
