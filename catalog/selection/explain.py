"""Explain a query or selection: what it computes, its signals, and the cost of missing ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from catalog.errors import SelectionError
from catalog.kernels._common.memory_limit import gib
from catalog.messages import quantity
from catalog.notebook import NotebookResult
from catalog.query.cost import Need, needs_of
from catalog.query.errors import reported
from catalog.query.executor import Limits
from catalog.query.kernels import kernels_of
from catalog.query.option_texts import notes
from catalog.query.plan import Apply, Plan, Step
from catalog.query.planner import plan
from catalog.query.runner import Watch
from catalog.query.session import session, shared_session
from catalog.query.source_text import SourceText
from catalog.query.tokens import one_line
from catalog.selection.definition import Definition, define
from catalog.selection.selector import Selector
from catalog.store.store import Store


@dataclass(frozen=True)
class Explanation(NotebookResult):
    """Plan of a query or a selection.

    Attributes:
        name: the name of the text.
        text: the text as it was written.
        sql: a comment for each table function in its order, then the query that DuckDB gets.
        functions: the table functions in their order, as they are called.
        parameters: the values of the text's ``$parameters``.
        references: the pools and subsets, each at its version.
        needs: the signals that it reads.
        findings: what may differ in another run of a selection, each with its location.
        notes: what is known of the options that it names, such as an optimizer's guarantee.
    """

    name: str
    text: str
    sql: str
    functions: tuple[str, ...]
    parameters: dict[str, Any]
    references: tuple[str, ...]
    needs: tuple[Need, ...]
    findings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Return whether every signal exists."""
        return not any(need.n_missing for need in self.needs)

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for JSON."""
        needs = [asdict(need) | {"command": str(need.command)} for need in self.needs]
        return asdict(self) | {"needs": needs, "is_ready": self.is_ready}

    def lines(self) -> list[str]:
        """Return the plan as lines for a person."""
        values = [f"${name} = {value!r}" for name, value in sorted(self.parameters.items())]
        functions = [f"{number}. {call}" for number, call in enumerate(self.functions, start=1)]
        signals = [line for need in self.needs for line in _need_lines(need)]
        sections = {
            "parameters:": values or ["none"],
            "functions, in order:": functions or ["none"],
            "notes:": list(self.notes),
            "signals:": signals or ["none"],
            "depends on the order of rows:": list(self.findings),
        }
        answer = [self.text.rstrip()]
        for title, lines in sections.items():
            if lines:
                answer += ["", title, *(f"  {line}" for line in lines)]
        return answer


def explain(
    store: Store,
    text: SourceText,
    given: Mapping[str, Any],
    *,
    is_selection: bool = False,
    planned: Plan | None = None,
    limits: Limits | None = None,
) -> Explanation:
    """Plan a query, unless its plan is given, and look up its signals; nothing is computed.

    Raises:
        CatalogError: as `catalog.query.planner.plan` says.
    """
    limits = limits or Limits()
    with session(store, memory=limits.memory) as opened:
        watch = Watch(opened, name=text.name, seconds=limits.seconds, progress=None)
        try:
            with reported(text):
                planned = planned or watch.run(
                    lambda: plan(
                        opened.connection,
                        text,
                        given,
                        is_selection=is_selection,
                        kernels=kernels_of(store),
                    )
                )
                needs = watch.run(lambda: needs_of(opened.connection, planned))
        finally:
            watch.close()
    references = sorted({str(resolved.reference) for _, resolved in planned.sources})
    called = tuple(called_as(step) for step in planned.steps)
    findings = tuple(map(str, planned.findings))
    return Explanation(
        text.name,
        text.source,
        script(planned),
        called,
        planned.parameters,
        tuple(references),
        needs,
        findings,
        tuple(note for step in planned.kernels for note in notes(step, planned.parameters)),
    )


def explain_selection(
    store: Store,
    selector: Selector,
    source: str,
    *,
    budget: int | str,
    seed: int = 0,
    settings: Mapping[str, Any] | None = None,
    limits: Limits | None = None,
) -> Explanation:
    """Plan a selection as `catalog.selection.definition.define` does, and look up its signals.

    Raises:
        SelectionError: the selector does not use ``$budget``.
        CatalogError: as `catalog.selection.definition.define` says.
    """
    asked: dict[str, Any] = {"ref": source, "budget": budget, "seed": seed, "settings": settings}
    with shared_session(store, memory=limits.memory if limits else None):
        definition = define(store, selector, **asked, limits=limits)
        _require_budget(definition)
        return explain(
            store, definition.text, definition.given, planned=definition.planned, limits=limits
        )


def _require_budget(definition: Definition) -> None:
    if definition.planned and "budget" not in definition.planned.parameters:
        raise SelectionError(
            f"{definition.selector.file}: $budget is not used: "
            "end the last SELECT with LIMIT $budget"
        )


def script(planned: Plan) -> str:
    """Return the final SQL: a comment for each table function, then the query."""
    lines = [f"-- {step.table} = {called_as(step)}" for step in planned.steps]
    return "\n".join([*lines, str(planned.query).strip()])


def called_as(step: Step) -> str:
    """Return a step as one line: the function with its arguments."""
    if not isinstance(step, Apply):
        return step.call
    relations = [f"({one_line(str(query))})" for query in step.relations.values()]
    options = [
        f"{name} => {one_line(str(query)).removeprefix('SELECT ')}"
        for name, query in step.options.items()
    ]
    return f"{step.name}({', '.join([*relations, *options])})"


def _need_lines(need: Need) -> list[str]:
    """Return what exists of a signal, and what the rest costs."""
    there = f"{need.title}: {need.n_with_value:,} of {need.n_members:,}"
    if need.kind == "label_embedding":
        there += " members have labels; the selection itself embeds and stores these labels"
    elif need.n_without_value:
        there += f", {need.n_without_value:,} without a value for a recorded reason"
    if not need.n_missing:
        return [there]
    missing = f"  missing: {quantity(need.n_missing, 'instruction')}"
    if not need.is_computed:
        return [there, missing, f"  import them with: {need.command}"]
    duration = "time not measured here yet"
    if need.seconds is not None:
        duration = f"about {_duration(need.seconds)} at the rate measured here"
    cost = f"{need.n_tokens:,} tokens, {duration}, {gib(need.n_bytes)} of disk"
    return [there, f"{missing}, {cost}", f"  compute them with: {need.command}"]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
