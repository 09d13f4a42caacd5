"""From one SQL text to what runs: relations first, inside out, then DuckDB on the text with their names in it.

A source such as ``pool('alpaca@2')`` becomes a piece of SQL over stored tables, so DuckDB reads
only the columns that the query uses; a source that is not SQL, and a kernel such as
``kmeans(...)``, becomes a step whose answer is registered under a name of its own. Planning
computes nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import duckdb

from catalog.errors import CatalogError, QueryError
from catalog.query.arguments import bind, converted, is_relation, parameters_of, signature
from catalog.query.calls import Argument, Call, first_call, scalar_use
from catalog.query.ctes import with_visible
from catalog.query.errors import bound, query_error
from catalog.query.guard import check, check_repeatable, table_macros
from catalog.query.kernels import kernel, kernel_names
from catalog.query.parse import Node, mentioned, parameters, tree
from catalog.query.rehearsal import Rehearsal
from catalog.query.source_text import SqlText, tokens
from catalog.query.sources import SOURCES, Resolved
from catalog.query.unordered import Finding
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection


@dataclass(frozen=True)
class Load:
    """A source that is read into memory."""

    table: str  # the name that the text knows its answer by
    call: str  # as a person would write it
    resolved: Resolved
    place: str


@dataclass(frozen=True)
class Apply:
    """A kernel over relations."""

    table: str
    name: str
    function: Callable[..., Any]
    relations: Mapping[str, SqlText]  # each a query that runs alone
    options: Mapping[str, SqlText]  # each a SELECT of one value
    place: str


Step = Load | Apply
# What a fingerprint that the planner adds to a kernel's relation is called in the answer, where it
# is hidden again.
HIDDEN = {
    ("nearest", "candidates"): "fingerprint",
    ("nearest", "queries"): "query_fingerprint",
    ("mig", "embeddings"): None,
}
UNSEEN = frozenset({"connection", "pins"})  # parameters of a source that SQL does not see


@dataclass
class Plan:
    """What a text means: steps in order, then the query."""

    query: SqlText
    steps: list[Step] = field(default_factory=list)
    sources: list[tuple[str, Resolved]] = field(default_factory=list)  # every source with its place
    parameters: dict[str, Any] = field(default_factory=dict)  # those that the text uses
    seed: int | None = None  # for kernels that draw and are not told with what
    columns: frozenset[str] | None = (
        None  # every name that could be a column's; None when a star can mean any
    )
    findings: tuple[Finding, ...] = ()  # what may come out otherwise in another run of a selection


def plan(
    connection: Connection,
    text: SqlText,
    given: Mapping[str, Any],
    *,
    is_selection: bool = False,
    pins: PinnedSignals | None = None,
) -> Plan:
    """Plan a query.

    Args:
        connection: one to parse with and to look references up.
        text: what the user wrote.
        given: values of ``$parameters``; those that the text does not use are left out.
        is_selection: whether its answer must come out the same, in the same order, whenever it runs.
        pins: the signals to read, where a stored definition says which; else they are found by name.

    Raises:
        QueryError: the text is wrong; the message has ``file:line:column``.
        ForbiddenQueryError: it asks for what a query may not.
        ReferenceNotFoundError: no such pool or subset.
        SignalError: it asks for a signal that there never was.
    """
    planner = _Planner(connection, text, given, pins)
    root = planner.parse(text)
    if is_selection:
        check_repeatable(connection, text, root)
        planner.rehearse()
    return planner.plan(root)


class _Planner:
    def __init__(
        self,
        connection: Connection,
        text: SqlText,
        given: Mapping[str, Any],
        pins: PinnedSignals | None,
    ) -> None:
        self.connection = connection
        names = frozenset(token.name for token in tokens(text.source))
        self.pins = replace(pins, mentioned=names) if pins else None
        self.text = text
        self.given = given
        self.names = frozenset({*SOURCES, *kernel_names()})
        self.allowed = self.names | table_macros()
        self.answer = Plan(text)
        self.tables: dict[str, str] = {}  # the name of each step's answer, by what makes it
        self.prefix = "__fn"
        while self.prefix in text.source:
            self.prefix += "_"
        self.rehearsal: Rehearsal | None = None

    def rehearse(self) -> None:
        """Try every text on empty stand-ins: it must come out the same whenever it runs."""
        self.rehearsal = Rehearsal(
            self.connection, self.given, partial(tree, self.connection), self.prefix
        )

    def parse(self, text: SqlText) -> Node:
        """A text's parse tree, once it asks for nothing forbidden."""
        root = tree(self.connection, text)
        check(text, root, functions=self.allowed)
        return root

    def plan(self, root: Node) -> Plan:
        """The plan of the text with that tree."""
        self.answer.columns = mentioned(root)
        self.answer.parameters = self._parameters()
        self.answer.seed = self.given.get("seed")
        self.answer.query = self._settled(self._resolve(self.text, root))
        if self.rehearsal:
            self._complete(self.rehearsal)
        return self.answer

    def _complete(self, rehearsal: Rehearsal) -> None:
        """Put the sources in the place of their stand-ins."""
        answer = self.answer
        applied = [step for step in answer.steps if isinstance(step, Apply)]
        inner = [
            text for step in applied for text in (*step.relations.values(), *step.options.values())
        ]
        answer.sources = rehearsal.read(answer.sources, [answer.query, *inner])
        answer.query = rehearsal.completed(answer.query)
        answer.steps = [_completed(step, rehearsal) for step in answer.steps]
        answer.findings = tuple(rehearsal.findings)

    def _settled(self, text: SqlText) -> SqlText:
        return self.rehearsal.settled(text) if self.rehearsal else text

    def _parameters(self) -> dict[str, Any]:
        names = parameters(self.connection, self.text)
        missing = sorted(names - self.given.keys())
        if missing:
            at = str(self.text).find(f"${missing[0]}")
            raise QueryError(
                f"{self.text.place(at)}: ${missing[0]} has no value: give it one with --set {missing[0]}=VALUE"
            )
        return {name: self.given[name] for name in names}

    def _resolve(self, text: SqlText, root: Node) -> SqlText:
        """The text with every call of ours replaced, and the steps that answer them."""
        while call := first_call(text, root, self.names):
            words = self._source(call) if call.name in SOURCES else self._kernel(call)
            text = text.replace(
                call.start, call.end, words if call.has_alias else f"{words} AS {call.name}"
            )
            root = tree(self.connection, text)
        misplaced = scalar_use(text, root, self.names)
        if misplaced:
            raise QueryError(misplaced)
        return text

    def _source(self, call: Call) -> str:
        function = SOURCES[call.name]
        declared = parameters_of(function)
        accepted = {name: parameter for name, parameter in declared.items() if name not in UNSEEN}
        bound = bind(call, accepted)
        values = {
            name: self._constant(call, argument, accepted[name]) for name, argument in bound.items()
        }
        written = values["ref"]
        if self.pins:
            values["ref"] = self.pins.reference(written)
        try:
            resolved = function(
                self.connection, **values, **({"pins": self.pins} if "pins" in declared else {})
            )
        except CatalogError as error:
            raise error.at(call.place) from error
        resolved = replace(resolved, written=written)
        self.answer.sources.append((call.place, resolved))
        if resolved.sql is not None:
            return self.rehearsal.source(resolved) if self.rehearsal else resolved.sql
        shown = _shown(call.name, str(resolved.reference), values)
        return self._step(shown, lambda table: self._load(table, shown, resolved, call))

    def _load(self, table: str, shown: str, resolved: Resolved, call: Call) -> Load:
        if self.rehearsal:
            self.rehearsal.source(resolved, table)
        return Load(table, shown, resolved, call.place)

    def _step(self, identity: str, make: Callable[[str], Step]) -> str:
        """The name of a step's answer; the same call over the same input is one step."""
        if identity not in self.tables:
            self.tables[identity] = f"{self.prefix}{len(self.tables)}"
            self.answer.steps.append(make(self.tables[identity]))
        return self.tables[identity]

    def _constant(self, call: Call, argument: Argument, parameter: inspect.Parameter) -> Any:
        """The value of a source's argument, which must be known before anything runs."""
        query = call.text.empty() + "SELECT " + argument.value
        root = self.parse(query)
        if mentioned(root) or root["from_table"]["type"] != "EMPTY":
            raise QueryError(
                f"{call.place_of(argument)}: {call.name} is resolved before the query runs: give it a text or a $parameter"
            )
        used = {name: self.given[name] for name in parameters(self.connection, query)}
        try:
            value = bound(self.connection, query, used).fetchall()[0][0]
            return converted(value, parameter.annotation)
        except duckdb.Error as error:
            raise query_error(query, error) from None
        except ValueError as error:
            raise QueryError(
                f"{call.place_of(argument)}: {call.name}: {parameter.name} {error}"
            ) from None

    def _kernel(self, call: Call) -> str:
        function = kernel(call.name)
        accepted = parameters_of(function)
        bound = bind(call, accepted)
        relations, options, added = {}, {}, []
        for name, argument in bound.items():
            if is_relation(accepted[name]):
                relations[name], is_added = self._with_fingerprint(
                    self._relation(call, argument, accepted)
                )
                added += [HIDDEN.get((call.name, name), "fingerprint")] * is_added
            else:
                options[name] = self._option(call, argument)
        identity = repr(
            [
                call.name,
                *((name, str(query)) for name, query in (*relations.items(), *options.items())),
            ]
        )
        step = self._step(
            identity,
            lambda table: self._apply(
                Apply(table, call.name, function, relations, options, call.place)
            ),
        )
        hidden = ", ".join(name for name in added if name)
        return f"(SELECT * EXCLUDE ({hidden}) FROM {step})" if hidden else step

    def _with_fingerprint(self, query: SqlText) -> tuple[SqlText, bool]:
        return self.rehearsal.with_fingerprint(query) if self.rehearsal else (query, False)

    def _apply(self, step: Apply) -> Apply:
        if self.rehearsal:
            self.rehearsal.kernel(step.table, step.name, step.relations)
        return step

    def _relation(
        self, call: Call, argument: Argument, accepted: Mapping[str, inspect.Parameter]
    ) -> SqlText:
        found = argument.tokens
        is_query = found[0].text == "("
        if not is_query and found[0].kind not in {"word", "quoted"}:
            raise QueryError(
                f"{call.place_of(argument)}: {call.name} expects a relation here, a SELECT in parentheses, a table's name "
                f"or a table function: {signature(call.name, accepted)}"
            )
        if not is_query and len(found) > 1 and found[1].text == "(":
            self.answer.columns = None  # kmeans(embeddings('x')) takes every column
        query = with_visible(
            call.text, call.start, call.text.empty() + "SELECT * FROM " + argument.value
        )
        return self._planned(query)

    def _option(self, call: Call, argument: Argument) -> SqlText:
        query = call.text.empty() + "SELECT " + argument.value
        is_query = any(token.name in {"select", "from"} for token in argument.tokens)
        return self._planned(with_visible(call.text, call.start, query) if is_query else query)

    def _planned(self, query: SqlText) -> SqlText:
        return self._settled(self._resolve(query, self.parse(query)))


def _completed(step: Step, rehearsal: Rehearsal) -> Step:
    if isinstance(step, Load):
        return step
    relations = {name: rehearsal.completed(query) for name, query in step.relations.items()}
    options = {name: rehearsal.completed(query) for name, query in step.options.items()}
    return replace(step, relations=relations, options=options)


def _shown(name: str, reference: str, values: Mapping[str, Any]) -> str:
    options = [
        f"{key} => {_literal(value)}"
        for key, value in values.items()
        if key != "ref" and value is not None
    ]
    return f"{name}({', '.join([_literal(reference), *options])})"


def _literal(value: Any) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
