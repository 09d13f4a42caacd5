"""Which signal a training run writes: one that is there, of the same training, or a new one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from catalog.compute.losses.job import LossRun
from catalog.compute.proxies import proxy_folder, start_dtype
from catalog.signals.registry import Signal, ensure_signal, list_named
from catalog.store.queries import query
from catalog.store.references import Reference


def loss_signal(job: LossRun, members: pa.Table, *, is_retrain: bool) -> Signal:
    """The signal of this very training set, else one that an earlier version trained, else a new one."""
    identity = job.identity(members)
    with job.store.reading() as connection:
        known = list_named(connection, kind="losses", name=job.name)
    alike = [signal for signal in known if _is_alike(signal, identity, is_usual=job.is_usual)]
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
    """Whether its training came to its end."""
    with job.store.reading() as connection:
        rows = connection.sql(
            query("losses/state"), params={"signal_id": signal.signal_id}
        ).fetchall()
    n_recorded, n_finished = rows[0]
    return n_recorded == n_checkpoints(signal) and bool(n_finished)


def n_checkpoints(signal: Signal) -> int:
    """At how many checkpoints a trained signal's losses are."""
    return int(signal.identity["recipe"]["checkpoints"])


def take_back(job: LossRun, signal: Signal) -> None:
    """Forget a signal of which nothing was computed."""
    with job.store.writing() as connection:
        connection.execute(query("signals/forget"), {"signal_id": signal.signal_id})
    shutil.rmtree(proxy_folder(job.store, signal), ignore_errors=True)


def _is_alike(signal: Signal, identity: Mapping[str, Any], *, is_usual: bool) -> bool:
    """Whether a signal is of the same training, whoever was trained on; how many checkpoints are usual follows from their number."""
    if "start" not in signal.identity:
        return False
    found, wanted = _comparable(signal.identity), _comparable(identity)
    if is_usual and signal.details.get("is_usual"):
        wanted["recipe"] = wanted["recipe"] | {"checkpoints": n_checkpoints(signal)}
    return found == wanted


def _comparable(identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity without its training set, and without the precision, which a proxy that is there keeps."""
    start = {key: value for key, value in identity["start"].items() if key != "dtype"}
    return {key: value for key, value in identity.items() if key != "trained_on"} | {"start": start}


def _is_earlier(signal: Signal, reference: Reference) -> bool:
    made = signal.details
    is_same_pool = reference.kind == made["kind"] == "pool" and made["id"] == reference.id
    return is_same_pool and not made["is_sample"] and bool(made["version"] <= reference.version)
