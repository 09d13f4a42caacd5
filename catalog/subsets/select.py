"""Selecting: a selector's query is answered and becomes the next version of a subset."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.errors import OptionError, SelectionError
from catalog.query.executor import Limits
from catalog.selection.run import Chosen, Definition, choose, define
from catalog.selection.selector import Selector
from catalog.signals.coverage import PinnedSignals
from catalog.signals.kinds import KINDS
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, check_name, resolve
from catalog.store.store import Store
from catalog.subsets.again import is_of_0_1, require_complete, stored_pins, stored_selector
from catalog.subsets.store import find_same, stored, write_subset

RECORDED = (
    "catalog",
    "duckdb",
    "numpy",
    "opentsne",
    "polars",
    "pyarrow",
    "pylance",
    "scikit-learn",
    "torch",
)


@dataclass(frozen=True)
class Selected:
    """What a selection did.

    Attributes:
        reference: the version that holds it, ``name@version``; None for a dry run.
        is_new: False when the same definition had been selected before, and nothing was computed.
        definition: what decides the members.
        n_members: how many there are.
        warnings: what a user should know, such as a shortfall.
        seconds: that it took.
    """

    reference: str | None
    is_new: bool
    definition: Definition
    n_members: int
    warnings: tuple[str, ...]
    seconds: float


def select(
    store: Store,
    selector: Selector,
    source: str,
    *,
    name: str,
    budget: int | str,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    pins: PinnedSignals | None = None,
    is_superseding: bool = False,
    is_dry_run: bool = False,
    is_strict: bool = False,
    limits: Limits | None = None,
) -> Selected:
    """Select members of a pool or subset, and keep them as the next version of a subset.

    Args:
        store: the catalog's files and database.
        selector: the method.
        source: the pool or subset to select from.
        name: of the subset.
        budget: how many members: ``5000``, a share of the source such as ``"10%"``, or ``"all"``; kept as it is asked for.
        settings: values of the selector's parameters.
        seed: of every draw.
        pins: the signals to read, where an earlier definition says which; else they are found by name.
        is_superseding: let the name's next version be made by another selector than its newest.
        is_dry_run: answer, and write nothing.
        is_strict: refuse a selector whose answer depends on the order in which rows happen to come.
        limits: memory, time, and whether dear results are kept.

    Raises:
        OptionError: the budget, a parameter or the name makes no sense, or another selector made the newest version of that name.
        SignalError: a signal is missing; the message names the command that makes it.
        SelectionError: the selector's answer is no selection, or the source has prompts only; or, under ``is_strict``, another run
            may give other members.
    """
    check_name(name)
    started = time.monotonic()
    limits = limits or Limits()
    definition = define(
        store,
        selector,
        ref=source,
        budget=budget,
        seed=seed,
        settings=settings,
        pins=pins,
        limits=limits,
    )
    unsteady = tuple(map(str, definition.findings))
    if unsteady and is_strict:
        raise SelectionError("; ".join(unsteady))
    with store.reading() as connection:
        same = None if is_dry_run else find_same(connection, definition, name=name)
        if same:
            return _selected_before(
                connection, same, definition, unsteady, seconds=time.monotonic() - started
            )
        _require_name(connection, definition, name=name, is_superseding=is_superseding)
    chosen = choose(store, definition, limits=limits)
    n_members, warnings, seconds = (
        chosen.members.num_rows,
        (*unsteady, *_warnings(chosen)),
        time.monotonic() - started,
    )
    if is_dry_run:
        return Selected(None, True, definition, n_members, warnings, seconds)
    with store.writing() as connection:
        _require_name(
            connection, definition, name=name, is_superseding=is_superseding
        )  # another process may have written
        made = write_subset(
            connection, store, chosen, name=name, environment=environment(), seconds=seconds
        )
    return Selected(str(made), True, definition, n_members, warnings, seconds)


def _selected_before(
    connection: Connection,
    same: Reference,
    definition: Definition,
    unsteady: tuple[str, ...],
    *,
    seconds: float,
) -> Selected:
    """Return the version that a definition made before; its budget stays as it was asked for then."""
    record = stored(connection, same)
    kept = record["budget_asked"]
    said = f"{same} keeps its budget as it was asked for, {kept}, not {definition.asked}"
    warnings = (said,) if kept not in (None, definition.asked) else ()
    return Selected(
        str(same), False, definition, record["n_members"], (*unsteady, *warnings), seconds
    )


def _require_name(
    connection: Connection, definition: Definition, *, name: str, is_superseding: bool
) -> None:
    """Refuse the name of a pool, and that of a subset whose newest version another selector made."""
    if connection.sql("SELECT 1 FROM pools WHERE name = $name", params={"name": name}).fetchall():
        raise OptionError(
            f"{name} is the name of a pool, and pools and subsets share their names: choose another with --as"
        )
    rows = connection.sql(query("subsets/newest"), params={"name": name}).fetchall()
    wanted = definition.selector.name
    if rows and rows[0][1] != wanted and not is_superseding:
        version, selector = rows[0]
        raise OptionError(
            f"{name}@{version} was made by {selector}, this would be {wanted}: choose another name with --as, "
            f"or add --supersede to make it {name}@{version + 1}"
        )


def reselect(
    store: Store,
    name: str,
    *,
    budget: int | str | None = None,
    settings: Mapping[str, Any] | None = None,
    is_superseding: bool = False,
    is_dry_run: bool = False,
    is_strict: bool = False,
    limits: Limits | None = None,
) -> Selected:
    """Select again what a subset was made from, by the same signals, from the current versions of its pools; the next version holds it.

    Args:
        store: the catalog's files and database.
        name: the subset, at its newest version unless it says which.
        budget: another budget; else the subset's as it was asked for, so that ``"10%"`` and ``"all"`` follow the pool.
        settings: values of the selector's parameters that are to be others.
        is_superseding: let the next version follow one that another selector made.
        is_dry_run: answer, and write nothing.
        is_strict: refuse a selector whose answer depends on the order in which rows happen to come.
        limits: memory, time, and whether dear results are kept.

    Raises:
        ReferenceNotFoundError: no subset of that name, or its pool is gone.
        OptionError: the pool has become smaller than the budget, or a setting makes no sense.
        SelectionError: the definition was made by 0.1 and lacks what it takes.
    """
    limits = limits or Limits()
    with store.reading() as connection:
        reference = resolve(connection, name, kind="subset")
        record = stored(connection, reference)
    content = record["definition"]
    require_complete(content)
    pins = stored_pins(content, is_onto=True)
    selected = select(
        store,
        stored_selector(content, settings or {}, text=record["selector_text"]),
        content["pool"].partition("@")[0],
        name=reference.name,
        budget=budget or record["budget_asked"] or content["budget"],
        settings=settings,
        seed=content["seed"],
        pins=pins,
        is_superseding=is_superseding,
        is_dry_run=is_dry_run,
        is_strict=is_strict,
        limits=limits,
    )
    said = _said_of_onto(reference, record, selected.definition.content)
    return replace(selected, warnings=(*selected.warnings, *said))


def _said_of_onto(
    reference: Reference, record: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[str, ...]:
    """Say what is read now that the subset was not made from, and which budget it has where 0.1 kept the number alone."""
    content = record["definition"]
    before = {one["reference"] for one in content["references"]} | {content["pool"]}
    versions = [one["reference"] for one in now["references"] if one["reference"] not in before]
    known = {one["identity_sha256"] for one in content["signals"]}
    signals = [
        KINDS[one["kind"]].title(one["name"])
        for one in now["signals"]
        if one["identity_sha256"] not in known
    ]
    said = [f"{one} read now: {reference} read {_versions_of(one, before)}" for one in versions]
    said += [f"the {one} read now: not what {reference} was made from" for one in signals]
    if is_of_0_1(record) and now["budget"] == content["budget"]:
        said.append(
            f"{reference} was made by 0.1, which kept its budget as the number {content['budget']:,}: --budget asks for another"
        )
    return tuple(said)


def _versions_of(reference: str, known: set[str]) -> str:
    name = reference.partition("@")[0]
    return (
        ", ".join(sorted(one for one in known if one.partition("@")[0] == name))
        or "no version of it"
    )


def environment() -> dict[str, Any]:
    """What computed, for the record; no part of a definition."""
    versions = {}
    for package in RECORDED:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processor": _processor(),
        "n_cpus": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "packages": versions,
    }


def _processor() -> str | None:
    """Its name where the system tells: Linux keeps it apart from what `platform` asks."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")),
        platform.processor() or None,
    )


def _warnings(chosen: Chosen) -> tuple[str, ...]:
    definition, n_members = chosen.definition, chosen.members.num_rows
    said = f"only {n_members:,} members of {definition.reference} are eligible for a budget of {definition.budget:,}"
    return (*((said,) if chosen.shortfall else ()), *_uncovered(chosen))


def _uncovered(chosen: Chosen) -> tuple[str, ...]:
    """That clusters got nothing, where members are taken from one after the other; a draw by weight owes none a member."""
    definition = chosen.definition
    budget, k = definition.budget, definition.given.get("k")
    first = json.loads(chosen.members["why"][0].as_py() or "{}") if chosen.members.num_rows else {}
    if (
        not isinstance(k, int)
        or not {"cluster", "cluster_size", "turn"} <= first.keys()
        or (budget >= k and "source" not in first)
    ):
        return ()
    whys = [json.loads(why) for why in chosen.members["why"].to_pylist()]
    last_turns: dict[str | None, int] = {}
    for why in whys:
        last_turns[why.get("source")] = max(why["turn"], last_turns.get(why.get("source"), 0))
    if min(last_turns.values()) > 1:
        return ()  # every cluster was there before any gave a second member
    sizes = {(why.get("source"), why["cluster"]): why["cluster_size"] for why in whys}
    n_sources = len(last_turns)
    if budget >= k * n_sources or sum(sizes.values()) == definition.n_members:
        return ()
    if "source" in first and n_sources == len(whys):
        return (
            f"a budget of {budget:,} is one member of each of {n_sources:,} sources: other clusters, and sources beyond, get nothing",
        )
    clusters = f"{k:,} clusters" + (
        f" in each of {n_sources:,} sources" if "source" in first else ""
    )
    instead = f"--set k={max(1, budget // (2 * n_sources))} covers them"
    return (
        f"a budget of {budget:,} is less than {clusters}, so the smallest get nothing: {instead}",
    )
