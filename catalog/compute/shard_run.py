"""Shards of one run: computed by an engine, committed in groups, and counted.

A worker that sees the catalog's folder writes vectors itself; another one sends them. Shards are
committed in the order of their numbers. What is ready when an error ends the run is committed, too.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.compute.loading import counting_loads
from catalog.compute.shard_writer import (
    ComputedShard,
    Values,
    commit_shards,
    next_shard,
    write_vectors,
)
from catalog.engine import Engine, Shard
from catalog.errors import CatalogError
from catalog.signals.registry import Signal
from catalog.store.queries import query
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.compute.shard_runner import ComputeReport, Progress


@dataclass(frozen=True)
class ShardWork:
    """Computation of a shard, by whichever process.

    Attributes:
        store: the catalog, by its whole path.
        signal: of the shards.
        shard_values: computes the values of a shard.
        sign: a file of the run; a process that reads ``token`` in it shares the catalog's disk.
        token: of the run.
    """

    store: Store
    signal: Signal
    shard_values: Callable[[Any], Values]
    sign: Path
    token: str

    def __call__(self, shard: Shard[Any]) -> ComputedShard:
        """Return the values of a shard; its vectors are written, if the disk is there."""
        started = time.monotonic()
        with counting_loads() as loads:
            values = self.shard_values(shard.content)
        if self._is_here():
            values = write_vectors(self.store, self.signal, values, shard=shard.number)
        worker = (socket.gethostname(), os.getpid())
        seconds = time.monotonic() - started
        return ComputedShard(shard.number, values, seconds, sum(loads), worker)

    def _is_here(self) -> bool:
        try:
            return self.sign.read_text() == self.token
        except OSError:
            return False


@dataclass
class ShardRun:
    """Shards of one run.

    Attributes:
        store: the catalog's files and database.
        signal: of the shards; this process holds its lock.
        report: where they are counted.
        n_todo: instructions to compute.
        shard_rows: of a new signal; of another one it becomes what its first shard fixed.
        engine: where they are computed.
        progress: called after each shard.
        reading: held while texts are read; a commit waits for it, however long it takes.
    """

    store: Store
    signal: Signal
    report: ComputeReport
    n_todo: int
    shard_rows: int
    engine: Engine
    progress: Progress | None = None
    reading: threading.Lock = field(default_factory=threading.Lock)
    _ready: list[ComputedShard] = field(default_factory=list)
    _committed: float = field(default_factory=time.monotonic)
    _loads: dict[tuple[str, int], float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        parameters = {"signal_id": self.signal.signal_id}
        with self.store.reading() as connection:
            self._first = next_shard(connection, self.signal)
            rows = connection.sql(query("signals/shard_rows"), params=parameters).fetchall()
        self.shard_rows = rows[0][0] or self.shard_rows

    def run(
        self, shard_values: Callable[[Any], Values], contents: Iterable[tuple[str, Any]]
    ) -> None:
        """Compute and commit shards.

        Args:
            shard_values: computes the values of a shard from its content.
            contents: of each shard, in order, with a description of its rows.

        Raises:
            CatalogError: a shard failed; those before it are committed.
        """
        shards = (
            Shard(number, f"shard {number} of {self.signal.kind} {self.signal.name}, {rows}", each)
            for number, (rows, each) in enumerate(contents, self._first)
        )
        store, token = self.store.absolute(), secrets.token_hex()
        sign = store.scratch / f"signal-{self.signal.signal_id}.run"  # a later run overwrites it
        sign.write_text(token)
        work = ShardWork(store, self.signal, shard_values, sign, token)
        with closing(self.engine.run(work, shards)) as computed:
            try:
                self._take_all(computed)
            except BaseException:
                with suppress(CatalogError, OSError, duckdb.Error):  # the first failure says more
                    self._commit()
                raise
            finally:
                sign.unlink(missing_ok=True)

    def _take_all(self, computed: Iterable[ComputedShard]) -> None:
        for each in computed:
            self._take(each)
            if time.monotonic() - self._committed >= self.engine.group_seconds:
                self._commit()
            if each.values.is_last:
                break
        self._commit()

    def _take(self, computed: ComputedShard) -> None:
        """Count a shard, and hold it for its group unless it is empty."""
        report, values = self.report, computed.values
        n_computed = values.rows.num_rows + len(values.gaps)
        if n_computed:
            self._ready.append(computed)
        report.n_computed += n_computed
        report.n_tokens += values.n_tokens
        report.n_truncated += values.n_truncated
        for _, reason in values.gaps:
            report.reasons[reason] = report.reasons.get(reason, 0) + 1
        loads = self._loads.get(computed.worker, 0.0) + computed.seconds_loading
        self._loads[computed.worker] = loads
        report.seconds_loading = max(self._loads.values())  # workers load at the same time
        if self.progress:
            self.progress(report.n_computed, self.n_todo, report.n_tokens)

    def _commit(self) -> None:
        ready, self._ready = self._ready, []
        if ready:
            with self.reading:  # DuckDB writes when nobody reads
                commit_shards(self.store, self.signal, ready, shard_rows=self.shard_rows)
        self._committed = time.monotonic()
