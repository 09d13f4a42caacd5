"""The plan before the run: what is computed, from which signals, and what the missing ones cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from catalog.kernels._common.memory_limit import gib
from catalog.query.cost import Need, needs_of
from catalog.query.errors import reported
from catalog.query.executor import Limits
from catalog.query.planner import Apply, Plan, Step, plan
from catalog.query.runner import Watch
from catalog.query.session import session
from catalog.query.source_text import SqlText, one_line
from catalog.selection.run import define
from catalog.selection.selector import Selector
from catalog.store.store import Store


@dataclass(frozen=True)
class Explanation:
    """What a query or a selection would do.

    Attributes:
        name: of the text.
        text: as it was written.
        sql: what runs: a comment for each table function in its order, then the query that DuckDB gets.
        functions: the table functions in their order, as they are called.
        parameters: the values of the text's ``$parameters``.
        references: the pools and subsets, each at its version.
        needs: the signals that it reads.
        findings: what may come out otherwise in another run of a selection, each with its place.
    """

    name: str
    text: str
    sql: str
    functions: tuple[str, ...]
    parameters: dict[str, Any]
    references: tuple[str, ...]
    needs: tuple[Need, ...]
    findings: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether every signal is there."""
        return not any(need.n_missing for need in self.needs)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        needs = [asdict(need) | {"command": str(need.command)} for need in self.needs]
        return asdict(self) | {"needs": needs, "is_ready": self.is_ready}

    def lines(self) -> list[str]:
        """For a person."""
        answer = [self.text.rstrip(), "", "parameters:"]
        answer += [f"  ${name} = {value!r}" for name, value in sorted(self.parameters.items())] or [
            "  none"
        ]
        answer += ["", "functions, in order:"]
        answer += [
            f"  {number}. {function}" for number, function in enumerate(self.functions, start=1)
        ] or ["  none"]
        answer += ["", "signals:"]
        answer += [line for need in self.needs for line in _told(need)] or ["  none"]
        answer += (
            ["", "depends on the order of rows:", *(f"  {one}" for one in self.findings)]
            if self.findings
            else []
        )
        return answer


def explain(
    store: Store,
    text: SqlText,
    given: Mapping[str, Any],
    *,
    is_selection: bool = False,
    limits: Limits | None = None,
) -> Explanation:
    """Plan a query and look at its signals; nothing is computed.

    Raises:
        CatalogError: as `catalog.query.planner.plan` says.
    """
    limits = limits or Limits()
    with session(store, memory=limits.memory) as opened:
        watch = Watch(opened, name=text.name, seconds=limits.seconds, progress=None)
        try:
            with reported(text):
                planned = watch.run(
                    lambda: plan(opened.connection, text, given, is_selection=is_selection)
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
    """Plan a selection as `catalog.selection.run.define` does, and look at its signals.

    Raises:
        CatalogError: as `catalog.selection.run.define` says.
    """
    asked: dict[str, Any] = {"ref": source, "budget": budget, "seed": seed, "settings": settings}
    definition = define(store, selector, **asked, limits=limits)
    return explain(store, definition.text, definition.given, is_selection=True, limits=limits)


def script(planned: Plan) -> str:
    """The final SQL: each table function's answer by its name, then the query over them."""
    lines = [f"-- {step.table} = {line}" for step in planned.steps for line in [called_as(step)]]
    return "\n".join([*lines, str(planned.query).strip()])


def called_as(step: Step) -> str:
    """A step as one line: the function with its arguments."""
    if not isinstance(step, Apply):
        return step.call
    relations = [f"({one_line(str(query))})" for query in step.relations.values()]
    options = [
        f"{name} => {one_line(str(query)).removeprefix('SELECT ')}"
        for name, query in step.options.items()
    ]
    return f"{step.name}({', '.join([*relations, *options])})"


def _told(found: Need) -> list[str]:
    there = f"  {found.title}: {found.n_with_value:,} of {found.n_members:,}"
    if found.kind == "label_embedding":
        there += " members have labels; the selection itself embeds these, and keeps their vectors"
    elif found.n_without_value:
        there += f", {found.n_without_value:,} without a value for a recorded reason"
    if not found.n_missing:
        return [there]
    if not found.is_computed:
        return [
            there,
            f"    missing: {found.n_missing:,} instructions",
            f"    brings them in: {found.command}",
        ]
    rate = (
        "time not measured here yet"
        if found.seconds is None
        else f"about {_minutes(found.seconds)} at the rate measured here"
    )
    cost = f"    missing: {found.n_missing:,} instructions, {found.n_tokens:,} tokens, {rate}, {gib(found.n_bytes)} of disk"
    return [there, cost, f"    makes them: {found.command}"]


def _minutes(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )
