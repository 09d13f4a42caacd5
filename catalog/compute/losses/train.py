"""Loss trajectories of a proxy that is trained here.

SmallToLarge selects by them (Yang et al. 2024, arXiv 2403.07384).

The proxy is trained on the members; at each checkpoint the mean response loss of every member is
recorded. New instructions of a later version are scored at the kept checkpoints, without training.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from catalog.compute.losses.job import LossRun
from catalog.compute.losses.new_members import score_new_members, without_losses
from catalog.compute.losses.recorder import Members, finish_trajectories, list_members, tokenised
from catalog.compute.losses.resolve import is_trained, loss_signal, n_checkpoints, take_back
from catalog.compute.proxies import (
    final_folder,
    proxy_folder,
    recipe_of,
    start_model,
    sweep_drafts,
    sweep_training,
)
from catalog.compute.shard_runner import SHARD_ROWS, Progress, exclusively, take_back_empty
from catalog.engine import Engine
from catalog.errors import CatalogError, OptionError, SignalError
from catalog.models.lora_shape import LoraShape
from catalog.notebook import NotebookResult
from catalog.query.trajectories import START
from catalog.signals.kind_options import Turns
from catalog.signals.kinds.losses import LossesOptions
from catalog.signals.options import TINY
from catalog.signals.registry import Signal
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.models.causal_lm import CausalLM

KEPT_PARAMETERS = 10_000_000  # a run that trains fewer keeps the weights of its checkpoints


@dataclass
class TrainedLosses(NotebookResult):
    """Report of a training run.

    Attributes:
        signal: the trajectories.
        trained_on: the pool or subset that the proxy was trained on; an earlier version if this run
            only scored new members.
        n_trained: members that it was trained on.
        n_members: members of the reference.
        n_before: of them, how many were done before this run.
        n_computed: of them, how many this run did.
        n_left: of them, how many a sample (``limit``) left out.
        checkpoints: one row a checkpoint: checkpoint, step, epoch, mean_loss, seconds. The first is
            before training, step 0, and has no number.
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
    store: Store,
    reference: Reference,
    *,
    proxy: str = TINY,
    recipe: Mapping[str, Any] | None = None,
    lora: str | None = LossesOptions.lora,
    max_length: int = LossesOptions.max_length,
    turns: Turns = LossesOptions.turns,
    keep_checkpoints: bool | None = None,
    is_retrain: bool = False,
    limit: int | None = None,
    chunk_rows: int = SHARD_ROWS,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> TrainedLosses:
    """Train a proxy on members, and record the loss of every member at each checkpoint.

    The losses before training are recorded too, as step 0; trajectories leave them out. A killed
    run is continued by the same call, with the numbers of an uninterrupted run. A later version of
    a pool is scored at the checkpoints of the proxy of an earlier version.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        proxy: ``tiny``, a Hugging Face id or a path.
        recipe: fields of :class:`catalog.models.recipe.Recipe` to change; None leaves one as it is.
        lora: adapters to train instead of the weights, such as ``r=8``; of a pretrained model.
        max_length: the maximum number of tokens per instruction.
        turns: all turns of the assistant that a trainer learns from, or the last.
        keep_checkpoints: keep the weights of every checkpoint; None keeps them where less than 10
            million are trained.
        is_retrain: train on this version even if the proxy of an earlier one can score the new
            members.
        limit: the size of the sample to train on and score, as a signal of its own.
        chunk_rows: instructions that are scored and written at once.
        progress: called with (done, of how many, tokens); training an instruction counts as three.
        engine: where members are scored; None is this process, which trains in any case.

    Raises:
        ModelNotFoundError: there is no such proxy here.
        OptionError: the recipe makes no sense for so many members, or adapters for ``tiny``.
        SignalError: no member has a response, or no checkpoints were kept to score new members.
        LockedError: another process trains this proxy.
    """
    started = time.monotonic()
    LossesOptions(max_length=max_length, turns=turns, lora=lora)
    if lora and proxy == TINY:
        raise OptionError("lora: tiny has no weights yet that adapters could change")
    with store.reading() as connection:
        everybody = list_members(connection, reference)
    if limit is not None and limit >= everybody.num_rows:
        limit = None
    members = everybody.slice(0, limit)  # fingerprints are uniform: the first are a fair draw
    recipe_ = recipe_of(proxy, recipe or {}, n_instructions=members.num_rows)
    is_usual = (recipe or {}).get("checkpoints") is None
    shape = LoraShape.parsed(lora) if lora else None
    options = (keep_checkpoints, limit, chunk_rows, progress, is_usual, engine)
    job = LossRun(store, reference, proxy, recipe_, max_length, turns, shape, *options)
    report = _run(job, members, is_retrain=is_retrain)
    report.n_members = everybody.num_rows
    report.n_left = everybody.num_rows - members.num_rows
    params = {"signal_id": report.signal.signal_id}
    with store.reading() as connection:
        rows = connection.sql(query("losses/checkpoints"), params=params).to_arrow_table()
    report.checkpoints = rows.to_pylist()
    report.seconds = time.monotonic() - started
    return report


def _run(job: LossRun, members: pa.Table, *, is_retrain: bool) -> TrainedLosses:
    """Train, or score new members.

    The default number of checkpoints is reduced to one per step where there are fewer steps.
    """
    signal = loss_signal(job, members, is_retrain=is_retrain)
    job.recipe = replace(job.recipe, checkpoints=n_checkpoints(signal))
    with exclusively(job.store, signal):
        report = _report(job, signal, members)
        if is_trained(job, signal):
            report.n_computed, report.reasons = score_new_members(job, signal, members)
        else:
            lm, learners = _start(job, signal, members)
            n_steps = job.recipe.n_steps(int(learners.usable.sum()))
            if n_steps < job.recipe.checkpoints:
                refusal = None if job.is_usual and n_steps else _no_training(job, learners)
                take_back(job, signal)
                if refusal:
                    raise refusal
                job.recipe = replace(job.recipe, checkpoints=n_steps)
                return _run(job, members, is_retrain=is_retrain)
            _train(job, signal, lm, learners, report)
        sweep_training(job.store, signal)
    return report


def _report(job: LossRun, signal: Signal, members: pa.Table) -> TrainedLosses:
    todo = without_losses(job, signal, members)
    return TrainedLosses(
        signal=signal,
        trained_on=signal.details["trained_on"],
        n_trained=signal.details["n_trained"],
        n_members=members.num_rows,
        n_before=members.num_rows - todo.num_rows,
    )


def _start(job: LossRun, signal: Signal, rows: pa.Table) -> tuple[CausalLM, Members]:
    """Return the model that training starts from, and the members as it reads them."""
    sweep_drafts(job.store, signal)
    try:
        return _loaded(job, signal, rows)
    except Exception:
        if not (proxy_folder(job.store, signal) / "run").exists():  # where training goes on from
            take_back_empty(job.store, signal)
        raise


def _loaded(job: LossRun, signal: Signal, rows: pa.Table) -> tuple[CausalLM, Members]:
    lm = start_model(job.store, signal, job.proxy, rows, seed=job.recipe.seed)
    folder = proxy_folder(job.store, signal) / "tokens"
    return lm, tokenised(
        job.store, rows, lm, folder=folder, max_length=job.max_length, turns=job.turns
    )


def _no_training(job: LossRun, members: Members) -> CatalogError:
    """Return the error that too few members can be trained on."""
    n_usable = int(members.usable.sum())
    counts = Counter(str(each.reason) for each in members.tokens if each.reason is not None)
    without = ", ".join(f"{count:,} {reason}" for reason, count in counts.most_common())
    if not n_usable:
        return SignalError(
            f"{job.name}: none of {len(members.ids):,} members of {job.reference} can be trained "
            f"on: {without}"
        )
    others = f" ({without} cannot)" if without else ""
    return OptionError(
        f"{job.name}: {n_usable:,} members of {job.reference} can be trained on{others}, which is "
        f"{job.recipe.n_steps(n_usable):,} steps: choose at most that many checkpoints"
    )


def _train(
    job: LossRun, signal: Signal, lm: CausalLM, members: Members, report: TrainedLosses
) -> None:
    from catalog.models.causal_lm import save_causal_lm
    from catalog.models.training import train

    folder = proxy_folder(job.store, signal)
    job.n_total = int(members.usable.sum()) * (3 * job.recipe.epochs + job.recipe.checkpoints + 1)
    is_kept = job.keep_checkpoints
    if is_kept is None:
        is_kept = lm.model.num_parameters(only_trainable=True) < KEPT_PARAMETERS
    if is_kept:
        job.keep(signal, lm, checkpoint=START)
    job.record(signal, lm, members, checkpoint=START)  # of a resumed run, if it is missing
    is_first = True
    for checkpoint in train(
        lm, members.tokens, recipe=job.recipe, folder=folder / "run", progress=job.trained
    ):
        if is_first:  # an earlier run scored the checkpoints before this one
            job.scored((checkpoint.number - 1) * int(members.usable.sum()), 0)
            is_first = False
        if is_kept:
            job.keep(signal, lm, checkpoint=checkpoint.number - 1)
        steps = {"step": checkpoint.step, "n_steps": checkpoint.n_steps}
        job.record(signal, lm, members, checkpoint=checkpoint.number - 1, **steps)
    if not final_folder(job.store, signal).is_dir():
        save_causal_lm(lm, final_folder(job.store, signal))
    report.reasons = finish_trajectories(job.store, signal, members, watch=job.watch)
    report.n_computed = len(members.ids)
