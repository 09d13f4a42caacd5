"""Execution of a plan: its steps in order, then its queries, in a locked-down session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from catalog.engine import Engine
from catalog.engine.choose import engine_of
from catalog.errors import CatalogError, EngineError, OptionError, QueryError
from catalog.query.arguments import converted, parameters_of
from catalog.query.bounds import bounded
from catalog.query.cache import cached
from catalog.query.errors import bound, reported
from catalog.query.kernels import kernels_of
from catalog.query.parse import parameters, tree
from catalog.query.passthrough import projection
from catalog.query.plan import Apply, Load, Plan
from catalog.query.planner import plan
from catalog.query.runner import Progress, Watch
from catalog.query.session import SPILL, Session, session
from catalog.query.source_text import SourceText
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

Answer = TypeVar("Answer")

BATCH = 65_536  # rows of a streamed batch
PLAIN_TYPE = re.compile(r"boolean|varchar|float|double|u?(tiny|small|big)int|u?integer")
"""Type whose values are the same in Python whether DuckDB or Arrow makes them."""
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
    """The limits of one query.

    Attributes:
        memory: the limit of DuckDB and of each kernel, such as ``"2GB"``; None leaves DuckDB's own
            (80 % of the machine) and no limit for kernels.
        spill: what DuckDB may write into the catalog's scratch folder.
        seconds: the time limit; None means none.
        progress: called about ten times a second with the percentage done.
        use_cache: whether answers of cached kernels are stored and reused.
        engine: where kernels compute that can use one; None is what ``CATALOG_ENGINE`` says.
    """

    memory: str | None = None
    spill: str = SPILL
    seconds: float | None = None
    progress: Progress | None = None
    use_cache: bool = True
    engine: Engine | None = None

    @property
    def n_bytes(self) -> int | None:
        """Return the memory limit in bytes.

        Raises:
            OptionError: the limit is not a size.

        >>> Limits(memory="1.5GiB").n_bytes
        1610612736
        """
        if self.memory is None:
            return None
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?i?)b?\s*", self.memory.lower())
        if not match or match[2] not in UNITS:
            raise OptionError(f"memory {self.memory!r} is not a size: write 2GB or 512MB")
        return int(float(match[1]) * UNITS[match[2]])


@contextmanager
def executing(
    store: Store,
    text: SourceText,
    given: Mapping[str, Any],
    limits: Limits,
    *,
    selection: Plan | None = None,
) -> Iterator[Execution]:
    """Plan a text, unless its plan is given, and answer its steps; the block reads the answer.

    Raises:
        CatalogError: as `catalog.query.stream.run` says.
    """
    n_bytes = limits.n_bytes
    with session(
        store, memory=limits.memory, spill=limits.spill, use_cache=limits.use_cache
    ) as opened:
        watch = Watch(opened, name=text.name, seconds=limits.seconds, progress=limits.progress)

        def planning() -> Plan:
            connection = opened.connection  # its threads start outside of the bounds
            with bounded(n_bytes):
                return plan(connection, text, given, kernels=kernels_of(store))

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
            (location, resolved.fault)
            for location, resolved in self.planned.sources
            if resolved.fault
        ]
        if faults:
            from catalog.query.cost import missing_signals, needs_of

            needs = self.watch.run(lambda: needs_of(self.session.connection, self.planned))
            raise missing_signals(faults, needs)
        for step in self.planned.steps:
            self.session.register(
                step.table, self._load(step) if isinstance(step, Load) else self._apply(step)
            )
            self.watch.check()

    def table(self, query: SourceText) -> pa.Table:
        """Return the whole answer of one of the plan's queries."""
        from catalog.fingerprints import widened

        return widened(self._relation(query))

    def _relation(self, query: SourceText) -> pa.Table:
        """Return the answer of a query, whose fingerprints may be bytes."""
        with self._reported(query):
            return self.session.unwrap(self._run(lambda: self._table(query)))

    def reader(self) -> pa.RecordBatchReader:
        """Stream the query's answer; DuckDB's errors meanwhile become ours."""
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
                yield self.session.unwrap(batch)

        schema = self.session.unwrap(
            pa.Table.from_batches([], schema=reader.schema)
        ).schema  # empty_table() imports pandas where it is
        return pa.RecordBatchReader.from_batches(schema, batches())

    def first_rows(self, n: int) -> tuple[list[str], list[tuple[object, ...]]]:
        """Return the names of the columns and the first n rows.

        Where DuckDB's values are those that Arrow would give, Arrow is not imported: that takes a
        fifth of the processor time of a short query in a process of its own.
        """
        query = self.planned.query
        with self._reported(query):
            relation = self._run(lambda: self._bound(query))
            if all(PLAIN_TYPE.fullmatch(type_.id) for type_ in relation.types):
                return relation.columns, self._run(lambda: relation.limit(n).fetchall())
        from catalog.arrow import to_python

        reader = self.reader()
        rows: list[tuple[object, ...]] = []
        for batch in reader:
            columns = batch.slice(0, n - len(rows)).columns
            rows += zip(*map(to_python, columns), strict=True)
            if len(rows) >= n:
                break
        return reader.schema.names, rows

    def _run(self, work: Callable[[], Answer]) -> Answer:
        """Let DuckDB work under the limits: in the watch's thread, in bounded memory."""

        def within() -> Answer:
            _ = self.session.connection  # its threads start outside of the bounds
            with bounded(self._n_bytes()):
                return work()

        return self.watch.run(within)

    def _n_bytes(self) -> int | None:
        """Return the memory limit, with room for an answer as large as the relations it reads."""
        limit = self.limits.n_bytes
        sizes = (getattr(relation, "nbytes", 0) for relation in self.session.relations.values())
        if limit is None:
            return None
        return limit + sum(sizes)

    @contextmanager
    def _reported(self, query: SourceText) -> Iterator[None]:
        try:
            with reported(query, memory=self.limits.memory):
                yield
        except EngineError:
            self.session.release(is_reusable=False)  # its instance is broken
            raise

    def _load(self, step: Load) -> Any:
        load = step.resolved.load
        assert load is not None  # a source without SQL has a reader
        columns = self.planned.columns if step.columns is None else step.columns
        return self.watch.run(lambda: load(self.session, columns))

    def _apply(self, step: Apply) -> Any:
        from catalog.kernels._common.spread import on_engine

        with on_engine(partial(engine_of, self.limits.engine)):
            return self._answer(step)

    def _answer(self, step: Apply) -> Any:
        from catalog.kernels._common.relation import canonical

        accepted = parameters_of(step.function)
        relations = self._relations(step)
        options = {}
        for name, query in step.options.items():
            value = self.table(query).column(0)[0].as_py()
            try:
                options[name] = converted(value, accepted[name].annotation)
            except ValueError as error:
                raise QueryError(f"{step.location}: {step.name}: {name} {error}") from None
        for name, value in (("seed", self.planned.seed), ("memory", self.limits.n_bytes)):
            if value is not None and name in accepted and name not in options:
                options[name] = value
        self.session.release()  # a kernel may compute for minutes: let writers in
        try:
            if step.kernel.cached and self.session.use_cache:
                from catalog.query.provenance import kernel_identity, kernel_sha256

                relations = {
                    name: canonical(rows) for name, rows in relations.items()
                }  # once, for the key and for the function
                return cached(
                    self.session.store,
                    step.name,
                    relations,
                    options,
                    lambda: step.function(**relations, **options),
                    code=(kernel_identity(step.kernel), kernel_sha256(step.kernel)),
                )
            return step.function(**relations, **options)
        except CatalogError as error:
            raise error.at(step.location) from error

    def _relations(self, step: Apply) -> dict[str, pa.Table]:
        """Return the relations of a kernel; another author's kernel reads texts alone."""
        from catalog.fingerprints import alike, widened

        given = {name: self._relation(query) for name, query in step.relations.items()}
        if step.kernel.origin is not None:
            return {name: widened(rows) for name, rows in given.items()}
        return alike(given)

    def _table(self, query: SourceText) -> pa.Table:
        as_it_is = projection(tree(self.session.connection, query), self.session.relations)
        return self._bound(query).to_arrow_table() if as_it_is is None else as_it_is

    def _bound(self, text: SourceText) -> Any:
        connection = self.session.connection
        return bound(
            connection,
            text,
            {name: self.planned.parameters[name] for name in parameters(connection, text)},
        )
