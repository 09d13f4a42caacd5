"""Running SQL that others wrote: planned, locked down, bounded in memory and time, stopped at once when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, QueryError
from catalog.selection.arguments import converted, parameters_of
from catalog.selection.faults import bound, reported
from catalog.selection.parse import parameters, tree
from catalog.selection.plan import Apply, Load, Plan, plan
from catalog.selection.session import SPILL, Session, session
from catalog.selection.shortcut import projection
from catalog.selection.text import SqlText
from catalog.selection.watch import Progress, Watch
from catalog.store.database import WAIT
from catalog.store.folders import Home

if TYPE_CHECKING:
    import pyarrow as pa

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
        progress: called about ten times a second with the percentage done.

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
    with session(home, wait=wait, memory=memory, spill=spill) as opened:
        watch = Watch(opened, name=text.name, seconds=seconds, progress=progress)
        try:
            with reported(text, memory=memory):
                planned = watch.run(lambda: plan(opened.connection, text, given or {}))
            execution = _Execution(opened, planned, watch)
            execution.prepare()
            yield execution
        finally:
            watch.close()


class _Execution:
    """A plan, running in a session."""

    def __init__(self, opened: Session, planned: Plan, watch: Watch) -> None:
        self.session = opened
        self.planned = planned
        self.watch = watch

    def prepare(self) -> None:
        """Answer every step, in order."""
        for place, resolved in self.planned.sources:
            if resolved.fault:
                raise type(resolved.fault)(f"{place}: {resolved.fault}")
        for step in self.planned.steps:
            self.session.register(step.table, self._load(step) if isinstance(step, Load) else self._apply(step))
            self.watch.check()

    def table(self, query: SqlText) -> pa.Table:
        """The answer of one of the plan's queries, whole."""
        with reported(query, memory=self.session.memory):
            return self.session.revealed(self.watch.run(lambda: self._table(query)))

    def reader(self) -> pa.RecordBatchReader:
        """The query's answer, streamed; what DuckDB raises meanwhile becomes ours."""
        import pyarrow as pa

        query = self.planned.query
        with reported(query, memory=self.session.memory):
            reader = self.watch.run(lambda: self._bound(query).to_arrow_reader(BATCH))

        def batches() -> Iterator[pa.RecordBatch]:
            while True:
                with reported(query, memory=self.session.memory):
                    batch = self.watch.run(lambda: next(reader, None))
                if batch is None:
                    return
                yield self.session.revealed(batch)

        schema = self.session.revealed(reader.schema.empty_table()).schema
        return pa.RecordBatchReader.from_batches(schema, batches())

    def _load(self, step: Load) -> Any:
        load = step.resolved.load
        assert load is not None  # a source without SQL has a reader
        return self.watch.run(lambda: load(self.session, self.planned.columns))

    def _apply(self, step: Apply) -> Any:
        accepted = parameters_of(step.function)
        relations = {name: self.table(query) for name, query in step.relations.items()}
        options = {}
        for name, query in step.options.items():
            value = self.table(query).column(0)[0].as_py()
            try:
                options[name] = converted(value, accepted[name].annotation)
            except ValueError as error:
                raise QueryError(f"{step.place}: {step.name}: {name} {error}") from None
        self.session.rest()  # what computes for minutes keeps no writer waiting
        try:
            return step.function(**relations, **options)
        except CatalogError as error:
            raise type(error)(f"{step.place}: {error}") from error

    def _table(self, query: SqlText) -> pa.Table:
        as_it_is = projection(tree(self.session.connection, query), self.session.relations)
        return self._bound(query).to_arrow_table() if as_it_is is None else as_it_is

    def _bound(self, text: SqlText) -> Any:
        connection = self.session.connection
        return bound(connection, text, {name: self.planned.parameters[name] for name in parameters(connection, text)})
