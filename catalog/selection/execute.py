"""Running SQL that others wrote: planned, locked down, bounded in memory and time, stopped at once when asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, InterruptedQueryError
from catalog.selection.arguments import converted, parameters_of
from catalog.selection.faults import bound, reported
from catalog.selection.parse import parameters
from catalog.selection.plan import Apply, Load, Plan, plan
from catalog.selection.session import SPILL, Session, session
from catalog.selection.text import SqlText
from catalog.store.database import WAIT
from catalog.store.folders import Home

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[float], None]  # percent of the running query, 0 to 100

TICK = 0.1  # seconds between looks at the clock and the progress
BATCH = 65_536  # rows of a streamed batch


def run(
    home: Home,
    sql: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    memory: str | None = None,
    spill: str = SPILL,
    seconds: float | None = None,
    wait: float = WAIT,
    progress: Progress | None = None,
) -> pa.Table:
    """Run one SELECT in the catalog's dialect and return its answer.

    Args:
        home: the catalog's folder.
        sql: the text.
        parameters: values of its ``$parameters``; those that it does not use are ignored.
        name: what messages call the text: its file, or ``query``.
        memory: DuckDB's memory limit, such as ``"2GB"``; None leaves DuckDB's own (80 % of the machine).
        spill: how much it may write beside that, into the catalog's scratch folder.
        seconds: the time limit; None means none.
        wait: seconds to wait for a process that writes.
        progress: called about ten times a second with the percentage done, from another thread.

    Raises:
        QueryError: the text is wrong; the message has ``file:line:column``.
        ForbiddenQueryError: it asks for more than reading.
        InterruptedQueryError: it needs more memory or time than it may have.
        ReferenceNotFoundError: no such pool or subset.
        SignalError: a signal that it reads is missing or incomplete.
    """
    with _executed(home, SqlText.of(sql, name=name), parameters, memory, spill, seconds, wait, progress) as execution:
        return execution.table(execution.planned.query)


@contextmanager
def stream(
    home: Home,
    sql: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    memory: str | None = None,
    spill: str = SPILL,
    seconds: float | None = None,
    wait: float = WAIT,
    progress: Progress | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """Run one SELECT as `run` does, and yield its answer batch by batch, never whole in memory.

    The database stays open, for reading, until the block ends; errors of the running query are raised by the reader.
    """
    with _executed(home, SqlText.of(sql, name=name), parameters, memory, spill, seconds, wait, progress) as execution:
        yield execution.reader()


@contextmanager
def _executed(
    home: Home,
    text: SqlText,
    given: Mapping[str, Any] | None,
    memory: str | None,
    spill: str,
    seconds: float | None,
    wait: float,
    progress: Progress | None,
) -> Iterator[_Execution]:
    with session(home, wait=wait, memory=memory, spill=spill) as opened, _watched(opened, seconds=seconds, progress=progress):
        with reported(text, seconds=seconds, memory=memory):
            planned = plan(opened.connection, text, given or {})
        execution = _Execution(opened, planned, seconds=seconds)
        execution.prepare()
        yield execution


class _Execution:
    """A plan, running in a session."""

    def __init__(self, opened: Session, planned: Plan, *, seconds: float | None) -> None:
        self.session = opened
        self.planned = planned
        self.seconds = seconds
        self.started = time.monotonic()

    def prepare(self) -> None:
        """Answer every step, in order."""
        for _, resolved in self.planned.sources:
            if resolved.fault:
                raise resolved.fault
        for step in self.planned.steps:
            if isinstance(step, Load):
                assert step.resolved.load is not None
                answer = step.resolved.load(self.session.connection, self.planned.columns)
            else:
                answer = self._apply(step)
            self.session.register(step.table, answer)
            self._check_time()

    def reader(self) -> pa.RecordBatchReader:
        """The query's answer, streamed; what DuckDB raises meanwhile becomes ours."""
        import pyarrow as pa

        text = self.planned.query
        with self._reported(text):
            reader = self._sql(text).to_arrow_reader(BATCH)

        def batches() -> Iterator[pa.RecordBatch]:
            with self._reported(text):
                yield from reader

        return pa.RecordBatchReader.from_batches(reader.schema, batches())

    def _apply(self, step: Apply) -> Any:
        accepted = parameters_of(step.function)
        relations = {name: self.table(query) for name, query in step.relations.items()}
        options = {}
        for name, query in step.options.items():
            value = self.table(query).column(0)[0].as_py()
            try:
                options[name] = converted(value, accepted[name].annotation)
            except ValueError as error:
                raise type(error)(f"{step.place}: {step.name}: {name} {error}") from None
        self.session.rest()  # what computes for minutes keeps no writer waiting
        try:
            return step.function(**relations, **options)
        except CatalogError as error:
            raise type(error)(f"{step.place}: {error}") from error

    def table(self, query: SqlText) -> pa.Table:
        """The answer of one of the plan's queries, whole."""
        with self._reported(query):
            return self._sql(query).to_arrow_table()

    def _sql(self, text: SqlText) -> Any:
        connection = self.session.connection
        return bound(connection, text, {name: self.planned.parameters[name] for name in parameters(connection, text)})

    def _reported(self, text: SqlText) -> Any:
        return reported(text, seconds=self.seconds, memory=self.session.memory)

    def _check_time(self) -> None:
        if self.seconds is not None and time.monotonic() - self.started > self.seconds:
            raise InterruptedQueryError(
                f"{self.planned.query.name}: stopped after {self.seconds:g} s, its time limit: ask for less, or give it more time"
            )


@contextmanager
def _watched(opened: Session, *, seconds: float | None, progress: Progress | None) -> Iterator[None]:
    """Look at the clock and the progress from a thread while the block runs."""
    if seconds is None and progress is None:
        yield
        return
    done = threading.Event()
    deadline = time.monotonic() + seconds if seconds is not None else None

    def watch() -> None:
        while not done.wait(TICK if deadline is None else max(0.001, min(TICK, deadline - time.monotonic()))):
            if deadline is not None and time.monotonic() >= deadline:
                opened.interrupt()  # again and again, since a query may begin after this one stopped
                done.wait(TICK)
            elif progress is not None and (percent := opened.progress()) >= 0:
                progress(percent)

    thread = threading.Thread(target=watch, name="catalog-query-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
