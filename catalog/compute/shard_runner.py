"""Computing a signal: missing values are computed shard by shard, and a shard is atomic.

Vectors are written to the vector store first; then, in one short transaction, DuckDB records the
shard. A shard that DuckDB does not record does not exist. A job that is killed loses the shards of
some seconds, and the next run computes only what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

import duckdb
import pyarrow as pa

from catalog.compute.shard_run import ShardRun
from catalog.compute.shard_writer import Values, compact_table
from catalog.engine import Engine
from catalog.engine.local import Local
from catalog.errors import CatalogError, SignalError
from catalog.notebook import NotebookResult
from catalog.signals.registry import Signal, list_named, renew_signal
from catalog.store import vectors
from catalog.store.database import Connection
from catalog.store.lock import locked
from catalog.store.queries import query
from catalog.store.references import Reference, count_members
from catalog.store.store import Store

SHARD_ROWS = 4096  # about half a minute of the smallest models on two cores
READ_ROWS = 65_536  # instructions whose texts are read first; they tell how large the rest are
READ_BYTES = 2**28  # of texts that are read at once after them, at the least
READ_MOST = 2**30
READS = 32  # of a pool, about, until each is as large as that
TEXTS = ("prompt", "response", "messages", "system", "tools")
"""Columns that a shard is computed from, besides ``instruction_id`` and ``fingerprint``."""
BATCH_ORDER = 2  # of rows in shards and batches: by fingerprint; absent or 1, by the pool's file


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
    columns: Sequence[str] = TEXTS,
    shard_rows: int = SHARD_ROWS,
    limit: int | None = None,
    progress: Progress | None = None,
    engine: Engine | None = None,
) -> ComputeReport:
    """Compute a signal for the members of a reference that do not have it yet.

    Args:
        store: the catalog's files and database.
        reference: a pool or subset.
        signal: the signal.
        shard_values: computes the values of one shard from its texts: ``instruction_id``,
            ``fingerprint`` and the columns; called only if something is missing.
        columns: of ``TEXTS``, what ``shard_values`` reads; fewer travel faster.
        shard_rows: instructions in a shard of a new signal. The first shard fixes it, so that a
            resumed run has the same shards, and the same values, as an uninterrupted one.
        limit: the size of the sample to compute; None computes every member.
        progress: called after each shard.
        engine: where shards are computed; None is this process.

    Raises:
        LockedError: another process computes this signal, or holds the catalog.
    """
    with exclusively(store, signal):
        started = time.monotonic()
        todo, report = _todo(store, reference, signal, limit=limit)
        delete_dead_shards(store, signal)
        if todo.num_rows:
            shards = ShardRun(
                *(store, signal, report, todo.num_rows, shard_rows, engine or Local(), progress)
            )
            shards.run(shard_values, _texts(shards, todo, columns))
            compact_table(store, signal)
        report.n_left += todo.num_rows - report.n_computed
        report.seconds = time.monotonic() - started
        return report


def _texts(
    shards: ShardRun, todo: pa.Table, columns: Sequence[str]
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the texts of one shard after the other; those of several shards are read at once.

    A read looks at the texts of the whole catalog, whatever rows it reads, since rows come in the
    order of their fingerprints. So a larger pool has larger reads rather than more of them.
    """

    def read(start: int, n_rows: int) -> pa.Table:
        with shards.reading:
            return read_texts(shards.store, todo.slice(start, n_rows), columns)

    with ThreadPoolExecutor(1, thread_name_prefix="texts") as beside:

        def coming(start: int, n_rows: int) -> Callable[[], pa.Table]:
            if shards.engine.reads_ahead and start < todo.num_rows:
                return beside.submit(read, start, n_rows).result
            return partial(read, start, n_rows)

        ends, n_rows = 0, _whole_shards(READ_ROWS, shards.shard_rows)
        following = coming(0, n_rows)
        while ends < todo.num_rows:
            texts, ends = following(), ends + n_rows
            n_rows = _whole_shards(_rows_at_once(texts, todo.num_rows), shards.shard_rows)
            following = coming(ends, n_rows)
            for start in range(0, texts.num_rows, shards.shard_rows):
                yield _described(texts.slice(start, shards.shard_rows))
            del texts  # before others are read


def _rows_at_once(texts: pa.Table, n_todo: int) -> int:
    """Return how many instructions like these are read at once."""
    mean: int = max(1, texts.nbytes // max(1, texts.num_rows))
    return min(max(READ_BYTES, mean * n_todo // READS), READ_MOST) // mean


def _whole_shards(n_rows: int, shard_rows: int) -> int:
    return max(1, n_rows // shard_rows) * shard_rows


def _described(shard: pa.Table) -> tuple[str, pa.Table]:
    ends = [str(shard["fingerprint"][place])[:12] for place in (0, -1)]
    return f"{shard.num_rows:,} instructions with fingerprints {' to '.join(ends)}", shard


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


def read_texts(store: Store, wanted: pa.Table, columns: Sequence[str] = TEXTS) -> pa.Table:
    """Return columns of instructions, given by ``instruction_id``, by fingerprint."""
    parameters = {"columns": list(columns)}
    with store.reading() as connection:
        connection.register("wanted", wanted)
        return connection.sql(query("signals/texts"), params=parameters).to_arrow_table()


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
