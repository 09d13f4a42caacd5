"""A plan, running: its steps in order, its queries in a locked-down session, all within limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from catalog.errors import CatalogError, EngineError, OptionError, QueryError
from catalog.query.arguments import converted, parameters_of
from catalog.query.bounds import bounded
from catalog.query.cache import DEAR, remembered
from catalog.query.cost import needs_of
from catalog.query.errors import bound, reported
from catalog.query.parse import parameters, tree
from catalog.query.passthrough import projection
from catalog.query.planner import Apply, Load, Plan, plan
from catalog.query.runner import Progress, Watch
from catalog.query.session import SPILL, Session, session
from catalog.query.source_text import SqlText
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

Answer = TypeVar("Answer")

BATCH = 65_536  # rows of a streamed batch
UNITS = {
    "": 1,
    "k": 10**3,
    "m": 10**6,
    "g": 10**9,
    "t": 10**12,
    "ki": 2**10,
    "mi": 2**20,
    "gi": 2**30,
    "ti": 2**40,
}


@dataclass(frozen=True)
class Limits:
    """What running a query may take.

    Attributes:
        memory: of DuckDB and of each kernel, such as ``"2GB"``; None leaves DuckDB's own (80 % of the machine) and kernels free.
        spill: what DuckDB may write beside that, into the catalog's scratch folder.
        seconds: the time limit; None means none.
        progress: called about ten times a second with the percentage done.
        is_memoised: whether answers of dear functions are kept and taken from those kept.
    """

    memory: str | None = None
    spill: str = SPILL
    seconds: float | None = None
    progress: Progress | None = None
    is_memoised: bool = True

    @property
    def n_bytes(self) -> int | None:
        """The memory limit as a number.

        Raises:
            OptionError: it is no size.

        >>> Limits(memory="1.5GiB").n_bytes
        1610612736
        """
        if self.memory is None:
            return None
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", self.memory.lower())
        if not match or match[2] not in UNITS:
            raise OptionError(f"memory {self.memory!r} is no size: write 2GB or 512MB")
        return int(float(match[1]) * UNITS[match[2]])


@contextmanager
def executing(
    store: Store,
    text: SqlText,
    given: Mapping[str, Any],
    limits: Limits,
    *,
    selection: Plan | None = None,
) -> Iterator[Execution]:
    """Plan a text and answer its steps, or those of a selection that is planned already; the block reads the answer.

    Raises:
        CatalogError: as `catalog.query.stream.run` says.
    """
    n_bytes = limits.n_bytes
    with session(
        store, memory=limits.memory, spill=limits.spill, is_memoised=limits.is_memoised
    ) as opened:
        watch = Watch(opened, name=text.name, seconds=limits.seconds, progress=limits.progress)

        def planning() -> Plan:
            connection = opened.connection  # its threads start outside of the bounds
            with bounded(n_bytes):
                return plan(connection, text, given)

        try:
            with reported(text, memory=limits.memory):
                planned = replace(selection) if selection else watch.run(planning)
            execution = Execution(opened, planned, watch, limits)
            execution.prepare()
            yield execution
        finally:
            watch.close()


class Execution:
    """A plan, running in a session."""

    def __init__(self, opened: Session, planned: Plan, watch: Watch, limits: Limits) -> None:
        self.session = opened
        self.planned = planned
        self.watch = watch
        self.limits = limits

    def prepare(self) -> None:
        """Answer every step, in order."""
        faults = [
            (place, resolved.fault) for place, resolved in self.planned.sources if resolved.fault
        ]
        if faults:
            raise self._missing_signals(faults)
        for step in self.planned.steps:
            self.session.register(
                step.table, self._load(step) if isinstance(step, Load) else self._apply(step)
            )
            self.watch.check()

    def _missing_signals(self, faults: list[tuple[str, CatalogError]]) -> CatalogError:
        """Return one error about all missing signals, with every command that the query needs."""
        distinct = {str(fault): (place, fault) for place, fault in reversed(faults)}
        (first_place, first), *others = reversed(distinct.values())
        commands = {getattr(fault, "command", None) for _, fault in distinct.values()}
        needs = self.watch.run(lambda: needs_of(self.session.connection, self.planned))
        before = [
            f"before that, `{need.command}`"
            for need in needs
            if need.n_missing and need.command not in commands
        ]
        messages = [str(first), *(f"{place}: {fault}" for place, fault in others), *before]
        return first.at(first_place, "; ".join(messages))

    def table(self, query: SqlText) -> pa.Table:
        """The answer of one of the plan's queries, whole."""
        with self._reported(query):
            return self.session.revealed(self._run(lambda: self._table(query)))

    def reader(self) -> pa.RecordBatchReader:
        """The query's answer, streamed; what DuckDB raises meanwhile becomes ours."""
        import pyarrow as pa

        query = self.planned.query
        with self._reported(query):
            reader = self._run(lambda: self._bound(query).to_arrow_reader(BATCH))

        def batches() -> Iterator[pa.RecordBatch]:
            while True:
                with self._reported(query):
                    batch = self._run(lambda: next(reader, None))
                if batch is None:
                    return
                yield self.session.revealed(batch)

        schema = self.session.revealed(
            pa.Table.from_batches([], schema=reader.schema)
        ).schema  # empty_table() imports pandas where it is
        return pa.RecordBatchReader.from_batches(schema, batches())

    def _run(self, work: Callable[[], Answer]) -> Answer:
        """Let DuckDB work under the limits: in the watch's thread, in bounded memory."""

        def within() -> Answer:
            _ = self.session.connection  # its threads start outside of the bounds
            with bounded(self._n_bytes()):
                return work()

        return self.watch.run(within)

    def _n_bytes(self) -> int | None:
        """The memory limit, and room for an answer as large as the relations that the query reads."""
        limit = self.limits.n_bytes
        sizes = (getattr(relation, "nbytes", 0) for relation in self.session.relations.values())
        return None if limit is None else limit + sum(sizes)

    @contextmanager
    def _reported(self, query: SqlText) -> Iterator[None]:
        try:
            with reported(query, memory=self.limits.memory):
                yield
        except EngineError:
            self.session.rest()  # no query runs on that connection again: the next one opens another
            raise

    def _load(self, step: Load) -> Any:
        load = step.resolved.load
        assert load is not None  # a source without SQL has a reader
        return self.watch.run(lambda: load(self.session, self.planned.columns))

    def _apply(self, step: Apply) -> Any:
        from catalog.kernels._common.relation import canonical

        accepted = parameters_of(step.function)
        relations = {name: self.table(query) for name, query in step.relations.items()}
        options = {}
        for name, query in step.options.items():
            value = self.table(query).column(0)[0].as_py()
            try:
                options[name] = converted(value, accepted[name].annotation)
            except ValueError as error:
                raise QueryError(f"{step.place}: {step.name}: {name} {error}") from None
        for name, value in (("seed", self.planned.seed), ("memory", self.limits.n_bytes)):
            if value is not None and name in accepted and name not in options:
                options[name] = value
        self.session.rest()  # what computes for minutes keeps no writer waiting
        try:
            if step.name in DEAR and self.session.is_memoised:
                relations = {
                    name: canonical(rows) for name, rows in relations.items()
                }  # once, for the key and for the function
                return remembered(
                    self.session.store,
                    step.name,
                    relations,
                    options,
                    lambda: step.function(**relations, **options),
                )
            return step.function(**relations, **options)
        except CatalogError as error:
            raise error.at(step.place) from error

    def _table(self, query: SqlText) -> pa.Table:
        as_it_is = projection(tree(self.session.connection, query), self.session.relations)
        return self._bound(query).to_arrow_table() if as_it_is is None else as_it_is

    def _bound(self, text: SqlText) -> Any:
        connection = self.session.connection
        return bound(
            connection,
            text,
            {name: self.planned.parameters[name] for name in parameters(connection, text)},
        )
