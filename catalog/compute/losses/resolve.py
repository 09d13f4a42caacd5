"""Choose the signal that a training run writes: an existing one of equal training, or a new one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from catalog.compute.losses.job import VERSION, LossRun
from catalog.compute.proxies import proxy_folder, start_dtype
from catalog.compute.turns import same_values
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.queries import query
from catalog.store.references import Reference


def loss_signal(job: LossRun, members: pa.Table, *, is_retrain: bool) -> Signal:
    """Return the signal of this training set, else of an earlier version's, else a new one.

    One of an earlier version of the computation serves where its training is complete: its losses
    differ by rounding. A training that was interrupted goes on only in the version that began it.
    """
    identity = job.identity(members)
    with job.store.reading() as connection:
        known = list_named(connection, kind="losses", name=job.name)
        wanted = list(same_values(connection, job.reference, identity))
    alike = [
        signal
        for each in wanted
        for signal in known
        if _is_alike(signal, each, is_usual=job.is_usual)
        and (signal.identity["version"] == VERSION or is_trained(job, signal))
    ]
    same = [signal for signal in alike if signal.identity["trained_on"] == identity["trained_on"]]
    if same:
        return same[0]
    if not is_retrain and not job.limit:
        earlier = [
            signal
            for signal in alike
            if _is_earlier(signal, job.reference) and is_trained(job, signal)
        ]
        if earlier:
            return earlier[0]
    job.recipe.marks(members.num_rows)  # refuses before anything is written
    identity["start"]["dtype"] = start_dtype(job.proxy)
    reference = job.reference
    details = {"trained_on": str(reference)} | reference.parameters
    with job.store.writing() as connection:
        return ensure_signal(
            connection,
            kind="losses",
            name=job.name,
            identity=identity,
            dimension=job.recipe.checkpoints,
            details=details
            | {
                "n_trained": members.num_rows,
                "is_sample": job.limit is not None,
                "is_usual": job.is_usual,
            },
        )


def is_trained(job: LossRun, signal: Signal) -> bool:
    """Return whether its training is complete."""
    with job.store.reading() as connection:
        rows = connection.sql(
            query("losses/state"), params={"signal_id": signal.signal_id}
        ).fetchall()
    n_recorded, n_finished = rows[0]
    return n_recorded == n_checkpoints(signal) and bool(n_finished)


def n_checkpoints(signal: Signal) -> int:
    """Return the number of checkpoints of a trained signal."""
    return int(signal.identity["recipe"]["checkpoints"])


def take_back(job: LossRun, signal: Signal) -> None:
    """Remove a signal without values."""
    with job.store.writing() as connection:
        connection.execute(query("signals/forget"), {"signal_id": signal.signal_id})
    shutil.rmtree(proxy_folder(job.store, signal), ignore_errors=True)


def _is_alike(signal: Signal, identity: Mapping[str, Any], *, is_usual: bool) -> bool:
    """Return whether a signal is of the same training, on whatever training set.

    The default number of checkpoints depends on the size of the training set and is not compared.
    """
    if "start" not in signal.identity:
        return False
    recorded, wanted = _comparable(signal.identity), _comparable(identity)
    if is_usual and signal.details.get("is_usual"):
        wanted["recipe"] = wanted["recipe"] | {"checkpoints": n_checkpoints(signal)}
    return recorded == wanted


def _comparable(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Return an identity without its training set, its precision and its version."""
    start = {key: value for key, value in identity["start"].items() if key != "dtype"}
    kept = {key: value for key, value in identity.items() if key not in ("trained_on", "version")}
    return kept | {"start": start}


def _is_earlier(signal: Signal, reference: Reference) -> bool:
    original = signal.details
    is_same_pool = reference.kind == original["kind"] == "pool" and original["id"] == reference.id
    return (
        is_same_pool
        and not original["is_sample"]
        and bool(original["version"] <= reference.version)
    )
