"""Computing a signal: missing values are computed shard by shard, and a shard is atomic.

A shard is written to the vector store first and then, in one short transaction, to DuckDB; a shard
that DuckDB does not record does not exist. A job that is killed loses its current shard, and the
next run computes only what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from catalog.compute.loading import counting_loads
from catalog.errors import CatalogError, SignalError
from catalog.notebook import NotebookResult
from catalog.signals.registry import Signal, list_named, renew_signal
from catalog.store import vectors
from catalog.store.database import Connection
from catalog.store.lock import locked
from catalog.store.queries import query
from catalog.store.references import Reference, count_members
from catalog.store.shard_hash import record_sha256, rows_sha256
from catalog.store.store import Store

SHARD_ROWS = 4096  # about half a minute of the smallest models on two cores
BATCH_ORDER = 2  # of rows in shards and batches: by fingerprint; absent or 1, by the pool's file


@dataclass(frozen=True)
class Values:
    """Values of one shard.

    Attributes:
        rows: ``instruction_id``, and ``vector`` or ``states`` (for the vector store), ``value``
            (for ``scores``) or ``labels`` (for ``signal_labels``).
        gaps: (instruction_id, reason) of those without a value.
        n_tokens: tokens read.
        n_truncated: instructions that were truncated.
        n_left: instructions with neither a value nor a gap, left for another run.
        is_last: whether the run ends with this shard.
    """

    rows: pa.Table
    gaps: Sequence[tuple[int, str]] = ()
    n_tokens: int = 0
    n_truncated: int = 0
    n_left: int = 0
    is_last: bool = False


@dataclass
class ComputeReport(NotebookResult):
    """Counts of a run.

    Attributes:
        n_before: members that had a value or a reason before.
        n_computed: members that this run computed.
        n_left: members that a sample left out, or that got no answer.
        seconds: of the run; in ``seconds_loading`` of them the model was loaded.
        reasons: the number of computed members without a value, by reason.
        notes: what a user should know.
    """

    signal: Signal
    n_members: int
    n_before: int
    n_computed: int = 0
    n_tokens: int = 0
    n_truncated: int = 0
    n_left: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    seconds_loading: float = 0.0
    notes: tuple[str, ...] = ()


Progress = Callable[[int, int, int], None]
"""A function that is called with the instructions done, of how many, and the tokens read."""


def compute(
    store: Store,
    reference: Reference,
    signal: Signal,
    shard_values: Callable[[pa.Table], Values],
    *,
    shard_rows: int = SHARD_ROWS,
    limit: int | None = None,
    progress: Progress | None = None,
) -> ComputeReport:
    """Compute a signal for the members of a reference that do not have it yet.

    Args:
        store: the catalog's files and database.
        reference: a pool or subset.
        signal: the signal.
        shard_values: computes the values of one shard from its texts (instruction_id, fingerprint,
            prompt, response, messages, system, tools); called only if something is missing.
        shard_rows: instructions in a shard; fixed, so that a resumed run has the same shards, and
            the same values, as an uninterrupted one.
        limit: the size of the sample to compute; None computes every member.
        progress: called after each shard.

    Raises:
        LockedError: another process computes this signal, or holds the catalog.
    """
    with exclusively(store, signal), counting_loads() as loads:
        started = time.monotonic()
        todo, report = _todo(store, reference, signal, limit=limit)
        delete_dead_shards(store, signal)
        for first in range(0, todo.num_rows, shard_rows):
            shard_started = time.monotonic()
            texts = read_texts(store, todo.slice(first, shard_rows))
            values = shard_values(texts)
            if values.n_left < texts.num_rows:
                commit_shard(store, signal, values, seconds=time.monotonic() - shard_started)
            report.n_computed += texts.num_rows - values.n_left
            report.n_tokens += values.n_tokens
            report.n_truncated += values.n_truncated
            for _, reason in values.gaps:
                report.reasons[reason] = report.reasons.get(reason, 0) + 1
            if progress:
                progress(report.n_computed, todo.num_rows, report.n_tokens)
            if values.is_last:
                break
        report.n_left += todo.num_rows - report.n_computed
        report.seconds, report.seconds_loading = time.monotonic() - started, sum(loads)
        return report


@contextmanager
def exclusively(store: Store, signal: Signal) -> Iterator[None]:
    """Lock a signal for this process, and make it the active one of its name.

    Raises:
        LockedError: another process computes it.
        SignalError: `gc` removed it meanwhile.
    """
    store.scratch.mkdir(parents=True, exist_ok=True)
    with locked(store.scratch / f"signal-{signal.signal_id}.lock", wait=0.0):
        with store.reading() as connection:
            known = list_named(connection, kind=signal.kind, name=signal.name)
        if signal.signal_id not in (each.signal_id for each in known):
            raise SignalError(
                f"{signal.kind} {signal.name} was removed by `catalog gc`: run this command again"
            )
        is_newest = signal.signal_id == known[0].signal_id
        if not is_newest:
            with store.writing() as connection:
                renew_signal(connection, signal)
        try:
            yield
        except Exception:
            if signal.kind != "losses":  # a training resumes from its own files
                take_back_empty(store, signal)
            raise


def take_back_empty(store: Store, signal: Signal) -> None:
    """Remove a signal without values after a failure. Call it under the signal's lock."""
    with suppress(CatalogError, OSError, duckdb.Error):  # the first failure says more
        with store.reading() as connection:
            parameters = {"signal_id": signal.signal_id}
            ((is_empty,),) = connection.sql(query("signals/is_empty"), params=parameters).fetchall()
        if is_empty:
            if signal.lance_table:
                # Before the record: on a full disk this makes room to write.
                vectors.drop(store, signal.lance_table)
            with store.writing() as connection:
                connection.execute(query("signals/forget"), parameters)


def missing(connection: Connection, reference: Reference, signal: Signal) -> pa.Table:
    """Return the members with neither a value nor a reason: ``instruction_id`` by fingerprint."""
    parameters = reference.parameters | {"signal_id": signal.signal_id}
    return connection.sql(query("signals/missing"), params=parameters).to_arrow_table()


def read_texts(store: Store, wanted: pa.Table) -> pa.Table:
    """Return the instructions of one shard, given by ``instruction_id``, by fingerprint."""
    with store.reading() as connection:
        connection.register("wanted", wanted)
        return connection.sql(query("signals/texts")).to_arrow_table()


def commit_shard(store: Store, signal: Signal, values: Values, *, seconds: float) -> None:
    """Write one shard: to the vector store, then in one transaction to the database."""
    with store.writing() as connection:
        write_shard(connection, store, signal, values, seconds=seconds)


def write_shard(
    connection: Connection, store: Store, signal: Signal, values: Values, *, seconds: float
) -> int:
    """Write one shard within the caller's transaction, and return its number.

    Losses, which the caller writes, are hashed once they are there: see `record_sha256`.
    """
    (shard,) = connection.sql(
        query("signals/next_shard"), params={"signal_id": signal.signal_id}
    ).fetchall()[0]
    version, sha256 = None, None
    if signal.lance_table and values.rows.num_rows:
        numbered = values.rows.add_column(
            1, "shard", pa.array([shard] * values.rows.num_rows, pa.int64())
        )
        version = vectors.append(store, signal.lance_table, numbered)
        sha256 = rows_sha256(values.rows)
    parameters = {"signal_id": signal.signal_id, "shard": shard}
    _insert_members(connection, parameters, values)
    counts = {
        "n_instructions": values.rows.num_rows,
        "n_missing": len(values.gaps),
        "n_tokens": values.n_tokens,
        "n_truncated": values.n_truncated,
        "lance_version": version,
        "seconds": seconds,
        "sha256": sha256,
    }
    connection.execute(query("signals/insert_shard"), parameters | counts)
    insert = {"score": _insert_scores, "labels": _insert_labels}.get(signal.kind)
    if insert:
        insert(connection, signal, values)
        record_sha256(connection, kind=signal.kind, signal_id=signal.signal_id, shard=shard)
    return int(shard)


def _insert_members(connection: Connection, parameters: Mapping[str, Any], values: Values) -> None:
    connection.register("shard_members", values.rows.select(["instruction_id"]))
    connection.execute(query("signals/insert_members"), dict(parameters))
    if values.gaps:
        ids, reasons = zip(*values.gaps, strict=True)
        connection.register(
            "shard_gaps",
            pa.table(
                {
                    "instruction_id": pa.array(ids, pa.int64()),
                    "reason": pa.array(reasons, pa.string()),
                }
            ),
        )
        connection.execute(query("signals/insert_gaps"), dict(parameters))


def _insert_scores(connection: Connection, signal: Signal, values: Values) -> None:
    rows = values.rows.select(["instruction_id", "value"]).append_column(
        "reason", pa.nulls(values.rows.num_rows, pa.string())
    )
    if values.gaps:
        ids, reasons = zip(*values.gaps, strict=True)
        columns = {
            "instruction_id": pa.array(ids, pa.int64()),
            "value": pa.nulls(len(ids), rows.schema.field("value").type),
        }
        rows = pa.concat_tables(
            [rows, pa.table(columns | {"reason": pa.array(reasons, pa.string())})]
        )
    connection.register("shard_scores", rows)
    connection.execute(query("signals/insert_scores"), {"signal_id": signal.signal_id})


def _insert_labels(connection: Connection, signal: Signal, values: Values) -> None:
    connection.register("shard_labels", values.rows.select(["instruction_id", "labels"]))
    connection.execute(query("labels/insert"), {"signal_id": signal.signal_id})


def _todo(
    store: Store, reference: Reference, signal: Signal, *, limit: int | None
) -> tuple[pa.Table, ComputeReport]:
    with store.reading() as connection:
        n_members = count_members(connection, reference)
        todo = missing(connection, reference, signal)
        n_missing = todo.num_rows
        if limit is not None and limit < n_missing:
            sample = reference.parameters | {"signal_id": signal.signal_id, "n": limit}
            todo = connection.sql(query("signals/missing_sample"), params=sample).to_arrow_table()
    return todo, ComputeReport(
        signal, n_members, n_members - n_missing, n_left=n_missing - todo.num_rows
    )


def delete_dead_shards(store: Store, signal: Signal) -> None:
    """Remove what a killed run wrote to the vector store and did not commit."""
    if not signal.lance_table or not vectors.exists(store, signal.lance_table):
        return
    parameters = {"signal_id": signal.signal_id}
    with store.reading() as connection:
        rows = connection.sql(query("signals/shards"), params=parameters).fetchall()
    committed = {row[0] for row in rows}
    dead = sorted(vectors.shards(store, signal.lance_table) - committed)
    if dead:
        with locked(store.lock, wait=store.wait):
            vectors.delete_shards(store, signal.lance_table, dead)
