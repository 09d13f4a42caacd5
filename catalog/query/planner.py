"""The plan of a SQL text: its relations inside out, then the text with their names in it.

A source such as ``pool('alpaca@2')`` becomes a piece of SQL over stored tables, so DuckDB reads
only the columns that the query uses; a source that is not SQL, and a kernel such as
``kmeans(...)``, becomes a step whose answer is registered under a name of its own. Planning
computes nothing.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.errors import CatalogError, QueryError
from catalog.kernels import Kernel
from catalog.query.arguments import bind, converted, is_relation, parameters_of, signature
from catalog.query.budget_use import budget_findings
from catalog.query.calls import Argument, Call, outer_calls, scalar_use
from catalog.query.ctes import with_visible
from catalog.query.errors import bound, query_error
from catalog.query.guard import check, check_repeatable, table_macros
from catalog.query.kernels import Kernels, Names
from catalog.query.parse import Node, mentioned, parameters, tree
from catalog.query.plan import Apply, Load, Plan, Step, call_text
from catalog.query.read_columns import with_read_columns
from catalog.query.resolved import Resolved
from catalog.query.source_text import SourceText
from catalog.query.sources import SOURCES, Source
from catalog.query.text_arguments import embedded_text, is_text
from catalog.query.tokens import tokens
from catalog.signals.coverage import PinnedSignals

if TYPE_CHECKING:
    from catalog.query.rehearsal import Rehearsal
    from catalog.query.stubs import Stubs
    from catalog.store.database import Connection

# Parameters of a source that SQL does not see, and those that name pools and subsets.
UNSEEN, REFERENCES = frozenset({"connection", "pins"}), frozenset({"ref", "more"})


def plan(
    connection: Connection,
    text: SourceText,
    given: Mapping[str, Any],
    *,
    is_selection: bool = False,
    pins: PinnedSignals | None = None,
    kernels: Kernels | None = None,
    sources: Mapping[str, Source] = SOURCES,
) -> Plan:
    """Plan a query.

    Args:
        connection: one to parse with and to look references up.
        text: what the user wrote.
        given: values of ``$parameters``; those that the text does not use are left out.
        is_selection: whether its answer must be the same, in the same order, in every run.
        pins: the signals to read, if a stored definition says which; else they are found by name.
        kernels: those that the text can call; by default this package's and other packages'.
        sources: what answers the names of `SOURCES`.

    Raises:
        QueryError: the text is wrong; the message has ``file:line:column``.
        ForbiddenQueryError: it asks for more than reading the catalog.
        ReferenceNotFoundError: no such pool or subset.
        SignalError: it asks for a signal that never existed.
    """
    planner = _Planner(connection, text, given, pins, kernels or Kernels(), sources)
    root = planner.parse(text)
    if not is_selection:
        return with_read_columns(connection, planner.plan(root), given)
    check_repeatable(connection, text, root, functions=planner.allowed)
    stubs = planner.rehearse()
    try:
        return planner.plan(root)
    finally:
        stubs.drop()


class _Planner:
    def __init__(
        self,
        connection: Connection,
        text: SourceText,
        given: Mapping[str, Any],
        pins: PinnedSignals | None,
        kernels: Kernels,
        sources: Mapping[str, Source],
    ) -> None:
        self.connection = connection
        self.sources = sources
        names = frozenset(token.name for token in tokens(text.source))
        self.pins = replace(pins, mentioned=names) if pins else None
        self.text = text
        self.given = given
        self.kernels = kernels
        self.names = Names(SOURCES, kernels)
        self.allowed = Names({*SOURCES, *table_macros()}, kernels)
        self.answer = Plan(text)
        self.tables: dict[str, str] = {}  # the name of each step's answer, by what makes it
        self.prefix = "__fn"
        while self.prefix in text.source:
            self.prefix += "_"
        self.rehearsal: Rehearsal | None = None

    def rehearse(self) -> Stubs:
        """Bind every text over empty stubs, so that its answer is the same in every run."""
        from catalog.query.rehearsal import Rehearsal

        self.rehearsal = Rehearsal(
            self.connection, self.given, partial(tree, self.connection), self.prefix
        )
        return self.rehearsal.stubs

    def parse(self, text: SourceText) -> Node:
        """Return a text's parse tree after the guard has checked it."""
        root = tree(self.connection, text)
        check(text, root, functions=self.allowed)
        return root

    def plan(self, root: Node) -> Plan:
        """Plan the text with that tree."""
        self.answer.columns = mentioned(root)
        self.answer.parameters = self._parameters()
        self.answer.seed = self.given.get("seed")
        self.answer.query = self._settled(self._resolve(self.text, root))
        if self.rehearsal:
            self.rehearsal.findings += budget_findings(self.text, root, self.kernels.get)
            self._complete(self.rehearsal)
        return self.answer

    def _complete(self, rehearsal: Rehearsal) -> None:
        """Replace the stubs by the sources themselves."""
        answer = self.answer
        answer.outline = rehearsal.outline(answer.query, answer.kernels)
        rehearsal.check_kernels(answer)
        found = rehearsal.reads(answer.texts) if answer.has_unread_columns else None
        if found is not None:
            answer.sources = rehearsal.read(answer.sources, found)
            answer.steps = [step.reading(found) for step in answer.steps]
        answer.query = rehearsal.completed(answer.query)
        answer.steps = [rehearsal.completed_step(step) for step in answer.steps]
        answer.findings, answer.closed = tuple(rehearsal.findings), tuple(rehearsal.closed)
        answer.answer = tuple(rehearsal.answer) if rehearsal.answer is not None else None

    def _settled(self, text: SourceText) -> SourceText:
        return self.rehearsal.settled(text) if self.rehearsal else text

    def _parameters(self) -> dict[str, Any]:
        names = parameters(self.connection, self.text)
        missing = sorted(names - self.given.keys())
        if missing:
            at = str(self.text).find(f"${missing[0]}")
            raise QueryError(
                f"{self.text.location(at)}: ${missing[0]} has no value: "
                f"set it with --set {missing[0]}=VALUE"
            )
        return {name: self.given[name] for name in names}

    def _resolve(self, text: SourceText, root: Node) -> SourceText:
        """Replace every call of the catalog's functions, and add the steps that answer them."""
        answer, calls = text, []
        for written in outer_calls(text, root, self.names):
            calls.append(written)
            call = written.moved(answer)
            words = self._source(call) if call.name in SOURCES else self._kernel(call)
            answer = answer.replace(
                call.start, call.end, words if call.has_alias else f"{words} AS {call.name}"
            )
        misplaced = scalar_use(text, root, self.names, calls)
        if misplaced:
            raise QueryError(misplaced)
        return answer

    def _source(self, call: Call) -> str:
        function = self.sources[call.name]
        declared = parameters_of(function)
        accepted = {name: parameter for name, parameter in declared.items() if name not in UNSEEN}
        bound = bind(call, accepted)
        values = {
            name: self._constant(call, argument, accepted[name.partition(" ")[0]])
            for name, argument in bound.items()
        }
        texts = (values.pop(name) for name in bound if name.partition(" ")[0] in REFERENCES)
        written = [each.strip() for text in texts for each in text.split(",")]
        exact = [self.pins.reference(text) if self.pins else text for text in written]
        pinned = {"pins": self.pins} if "pins" in declared else {}
        try:
            resolved = function(self.connection, ",".join(exact), **values, **pinned)
        except CatalogError as error:
            raise error.at(call.location) from error
        self.answer.sources.append((call.location, resolved := resolved.written_as(written)))
        if resolved.sql is not None:
            return self.rehearsal.source(resolved) if self.rehearsal else resolved.sql
        shown = call_text(call.name, str(resolved.reference), values)
        return self._step(shown, lambda table: self._load(table, shown, resolved, call))

    def _load(self, table: str, shown: str, resolved: Resolved, call: Call) -> Load:
        if self.rehearsal:
            self.rehearsal.source(resolved, table)
        return Load(table, shown, resolved, call.location)

    def _step(self, identity: str, make: Callable[[str], Step]) -> str:
        """Return the name of a step's answer; the same call over the same input is one step."""
        if identity not in self.tables:
            self.tables[identity] = f"{self.prefix}{len(self.tables)}"
            self.answer.steps.append(make(self.tables[identity]))
        return self.tables[identity]

    def _constant(self, call: Call, argument: Argument, parameter: inspect.Parameter) -> Any:
        """Return the value of a source's argument, which must be known before anything runs."""
        query = call.text.empty() + "SELECT " + argument.value
        root = self.parse(query)
        if mentioned(root) or root["from_table"]["type"] != "EMPTY":
            raise QueryError(
                f"{call.location_of(argument)}: {call.name} is resolved before the query runs: "
                "pass a text or a $parameter"
            )
        used = {name: self.given[name] for name in parameters(self.connection, query)}
        try:
            value = bound(self.connection, query, used).fetchall()[0][0]
            return converted(value, parameter.annotation)
        except duckdb.Error as error:
            raise query_error(query, error) from None
        except ValueError as error:
            raise QueryError(
                f"{call.location_of(argument)}: {call.name}: {parameter.name} {error}"
            ) from None

    def _kernel(self, call: Call) -> str:
        kernel = self._found(call)
        accepted = parameters_of(kernel.function)
        relations: dict[str, SourceText] = {}
        options: dict[str, SourceText] = {}
        added: list[str | None] = []
        for name, argument in bind(call, accepted).items():
            if not is_relation(accepted[name]):
                options[name] = self._option(call, argument)
                continue
            if is_text(argument) and relations:
                query = embedded_text(call, argument, relations, self.answer.steps)
                relation = self._planned(query)
            else:
                relation = self._relation(call, argument, accepted)
            relations[name], is_added = self._with_fingerprint(relation)
            if is_added:
                added.append(kernel.answer_name("fingerprint", is_first=len(relations) == 1))
        inputs = [(name, str(query)) for name, query in (*relations.items(), *options.items())]
        step = self._step(
            repr([call.name, *inputs]),
            lambda table: self._apply(Apply(table, kernel, relations, options, call.location)),
        )
        hidden = ", ".join(name for name in added if name)
        return f"(SELECT * EXCLUDE ({hidden}) FROM {step})" if hidden else step

    def _found(self, call: Call) -> Kernel:
        try:
            return self.kernels.find(call.name)
        except QueryError as error:
            raise error.at(call.location) from error

    def _with_fingerprint(self, query: SourceText) -> tuple[SourceText, bool]:
        return self.rehearsal.with_fingerprint(query) if self.rehearsal else (query, False)

    def _apply(self, step: Apply) -> Apply:
        if self.rehearsal:
            self.rehearsal.apply(step.table, step.kernel, step.relations)
        return step

    def _relation(
        self, call: Call, argument: Argument, accepted: Mapping[str, inspect.Parameter]
    ) -> SourceText:
        found = argument.tokens
        is_query = found[0].text == "("
        if not is_query and found[0].kind not in {"word", "quoted"}:
            raise QueryError(
                f"{call.location_of(argument)}: {call.name} expects a relation here, "
                "a SELECT in parentheses, a table's name or a table function: "
                f"{signature(call.name, accepted)}"
            )
        if not is_query and len(found) > 1 and found[1].text == "(":
            self.answer.columns = None  # kmeans(embeddings('x')) takes every column
        query = with_visible(
            call.text, call.start, call.text.empty() + "SELECT * FROM " + argument.value
        )
        return self._planned(query)

    def _option(self, call: Call, argument: Argument) -> SourceText:
        query = call.text.empty() + "SELECT " + argument.value
        is_query = any(token.name in {"select", "from"} for token in argument.tokens)
        return self._planned(with_visible(call.text, call.start, query) if is_query else query)

    def _planned(self, query: SourceText) -> SourceText:
        return self._settled(self._resolve(query, self.parse(query)))
