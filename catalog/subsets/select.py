"""Selecting: a selector's query is answered and becomes the next version of a subset."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from catalog.errors import OptionError, SelectionError
from catalog.selection.execution import Limits, executing
from catalog.selection.memo import code
from catalog.selection.plan import Apply, Plan, plan
from catalog.selection.selector import Selector
from catalog.selection.session import session
from catalog.selection.text import SqlText, canonical
from catalog.store import vectors
from catalog.store.database import reading, writing
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.references import Reference, check_name, resolve
from catalog.subsets.store import Definition, content_of, find_same, ranked, stored, write_subset

RECORDED = ("catalog", "duckdb", "numpy", "opentsne", "polars", "pyarrow", "pylance", "scikit-learn", "torch")


@dataclass(frozen=True)
class Request:
    """What is asked for: a query, its parameters' values, and what it is asked of."""

    selector: str
    sql: str
    values: Mapping[str, Any]
    source: Reference
    content: str
    budget: int
    seed: int

    @classmethod
    def again(cls, definition: Mapping[str, Any], *, source: Reference, content: str) -> Request:
        """What a stored definition asked for."""
        selector, sql, values, budget, seed = (definition[key] for key in ("selector", "sql", "parameters", "budget", "seed"))
        return cls(selector, sql, values, source, content, budget, seed)

    @property
    def text(self) -> SqlText:
        """The query, named for messages."""
        return SqlText.of(self.sql, name=self.selector if self.selector.endswith(".sql") else f"{self.selector}.sql")

    @property
    def given(self) -> dict[str, Any]:
        """The value of every ``$parameter``."""
        return dict(self.values) | {"pool": str(self.source), "budget": self.budget, "seed": self.seed}

    def definition(self, planned: Plan) -> Definition:
        """What decides the members, once it is known which signals and kernels are read."""
        return Definition(
            selector=self.selector,
            sql=canonical(self.sql),
            parameters=dict(self.values),
            budget=self.budget,
            seed=self.seed,
            reference=str(self.source),
            content=self.content,
            signals=signals_of(planned),
            code=code_of(planned),
        )


@dataclass(frozen=True)
class Selected:
    """What a selection did.

    Attributes:
        reference: the version that holds it, ``name@version``; None for a dry run.
        is_new: False when the same definition had been selected before, and nothing was computed.
        definition: what decided the members.
        n_members: how many there are.
        members: rank, instruction_id and why; empty when nothing was computed.
        warnings: what a user should know, such as a shortfall.
        seconds: that it took.
    """

    reference: str | None
    is_new: bool
    definition: Definition
    n_members: int
    members: pa.Table | None
    warnings: tuple[str, ...]
    seconds: float


def select(
    home: Home,
    selector: Selector,
    source: str,
    *,
    name: str,
    budget: int | str,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    is_dry_run: bool = False,
    limits: Limits | None = None,
) -> Selected:
    """Select members of a pool or subset, and keep them as the next version of a subset.

    Args:
        home: the catalog's folder.
        selector: the method.
        source: the pool or subset to select from.
        name: of the subset.
        budget: how many members, ``5000``, or which share of the source, ``"10%"``.
        settings: values of the selector's parameters.
        seed: of every draw.
        is_dry_run: answer, and write nothing.
        limits: memory, time, and whether dear results are kept.

    Raises:
        OptionError: the budget, a parameter or the name makes no sense.
        SignalError: a signal is missing; the message names the command that makes it.
        SelectionError: the selector's answer is no selection.
    """
    check_name(name)
    values = selector.values(settings or {})
    limits = limits or Limits()
    with reading(home, wait=limits.wait) as connection:
        found = resolve(connection, source)
        _refuse_prompts_only(connection, found)
        content = content_of(connection, found)
    n = budget_of(budget, n_members=int(content.split(":")[0]), source=str(found))
    return _run(
        home, Request(selector.name, selector.text, values, found, content, n, seed), name=name, is_dry_run=is_dry_run, limits=limits
    )


def reselect(home: Home, name: str, *, is_dry_run: bool = False, limits: Limits | None = None) -> Selected:
    """Select again what a subset was made from, as its pool is now; the next version holds it.

    Raises:
        ReferenceNotFoundError: no subset of that name, or its pool is gone.
    """
    limits = limits or Limits()
    with reading(home, wait=limits.wait) as connection:
        definition = stored(connection, resolve(connection, name, kind="subset"))["definition"]
        found = resolve(connection, definition["reference"].partition("@")[0])
        content = content_of(connection, found)
    request = Request.again(definition, source=found, content=content)
    budget_of(request.budget, n_members=int(content.split(":")[0]), source=str(found))
    return _run(home, request, name=name.partition("@")[0], is_dry_run=is_dry_run, limits=limits)


def budget_of(text: int | str, *, n_members: int, source: str) -> int:
    """How many members a budget means.

    Raises:
        OptionError: it is no number or share, below 1, or more than there are.

    >>> budget_of("10%", n_members=2000, source="p@1"), budget_of("7", n_members=2000, source="p@1")
    (200, 7)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(%?)\s*", str(text).replace(",", "").replace("_", ""))
    if not match or (not match[2] and "." in match[1]):
        raise OptionError(f"budget {text!r}: write how many members, 5000, or which share of them, 10%")
    budget = int(n_members * float(match[1]) / 100) if match[2] else int(match[1])
    if budget < 1:
        raise OptionError(f"budget {text}: that is no member of the {n_members:,} of {source}; ask for 1 or more")
    if budget > n_members:
        raise OptionError(f"budget {text}: {source} has {n_members:,} members; ask for that many at most, or for 100%")
    return budget


def answer(home: Home, request: Request, limits: Limits) -> tuple[pa.Table, Plan]:
    """A selector's answer, as rows in rank order, and the plan that gave it."""
    with executing(home, request.text, request.given, limits) as execution:
        return execution.table(execution.planned.query), execution.planned


def signals_of(plan: Plan) -> tuple[dict[str, Any], ...]:
    """The signals that a plan reads, each by what tells it apart and where its vectors are."""
    found = {signal.signal_id: signal for _, resolved in plan.sources for signal in resolved.signals}
    return tuple(
        {"kind": signal.kind, "name": signal.name, "identity": signal.identity_sha256, "lance": signal.lance_version}
        for _, signal in sorted(found.items())
    )


def code_of(plan: Plan) -> str:
    """The kernels that a plan calls, each by the hash of its source."""
    return ",".join(sorted({f"{step.name}:{code(step.name)[:16]}" for step in plan.steps if isinstance(step, Apply)}))


def _run(home: Home, request: Request, *, name: str, is_dry_run: bool, limits: Limits) -> Selected:
    started = time.monotonic()
    with session(home, wait=limits.wait, memory=limits.memory, spill=limits.spill) as opened:
        planned = plan(opened.connection, request.text, request.given)
    definition = request.definition(planned)
    with reading(home, wait=limits.wait) as connection:
        same = find_same(connection, definition, name=name)
        if same and same[1] == name and not is_dry_run:
            n_members = stored(connection, Reference("subset", name, same[2], same[0]))["n_members"]
            return Selected(f"{name}@{same[2]}", False, definition, n_members, None, (), time.monotonic() - started)
    members = ranked(answer(home, request, limits)[0])
    warnings = _warnings(members.num_rows, request)
    seconds = time.monotonic() - started
    if is_dry_run:
        return Selected(None, True, definition, members.num_rows, members, warnings, seconds)
    with writing(home, wait=limits.wait) as connection:
        _refuse_pools_name(connection, name)
        made = write_subset(
            connection, name=name, definition=definition, source=request.source, members=members, environment=environment(), seconds=seconds
        )
        _pin(home, made, planned)
    return Selected(str(made), True, definition, members.num_rows, members, warnings, seconds)


def environment() -> dict[str, Any]:
    """What computed, for the record; no part of a definition."""
    versions = {}
    for package in RECORDED:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"python": platform.python_version(), "machine": platform.machine(), "n_cpus": os.cpu_count(), "packages": versions}


def _pin(home: Home, made: Reference, plan: Plan) -> None:
    """Keep the vector versions that a subset was made from, whatever `gc` does."""
    for _, resolved in plan.sources:
        for signal in resolved.signals:
            if signal.lance_table and signal.lance_version is not None:
                vectors.pin(home, signal.lance_table, version=signal.lance_version, tag=f"subset-{made.id}")


def _warnings(n_members: int, request: Request) -> tuple[str, ...]:
    budget, source = request.budget, request.source
    if n_members > budget:
        raise SelectionError(f"the selector returned {n_members:,} members for a budget of {budget:,}: end it with LIMIT $budget")
    if not n_members:
        raise SelectionError(f"the selector returned no member of {source}: look at its WHERE, and at the scores that it reads")
    warnings = []
    if n_members < budget:
        warnings.append(f"only {n_members:,} members of {source} are eligible for a budget of {budget:,}")
    k = request.values.get("k")
    if isinstance(k, int) and budget < k:
        instead = f"--set k={max(1, budget // 2)} covers them"
        warnings.append(f"a budget of {budget:,} is less than {k:,} clusters, so the smallest get nothing: {instead}")
    return tuple(warnings)


def _refuse_prompts_only(connection: Any, source: Reference) -> None:
    if source.kind != "pool":
        return
    at = {"pool_id": source.id, "version": source.version}
    if connection.sql(query("pools/version"), params=at).to_arrow_table()["is_prompts_only"][0].as_py():
        raise OptionError(f"{source} holds prompts without responses: it can be searched and compared with, and not be selected from")


def _refuse_pools_name(connection: Any, name: str) -> None:
    if connection.sql("SELECT 1 FROM pools WHERE name = $name", params={"name": name}).fetchall():
        raise OptionError(f"{name} is the name of a pool, and pools and subsets share their names: choose another with --as")
