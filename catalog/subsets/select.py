"""Selecting: a selector's query is answered and becomes the next version of a subset."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.errors import OptionError, SelectionError
from catalog.selection.choose import Chosen, Definition, choose, define
from catalog.selection.coverage import Pins, title
from catalog.selection.execution import Limits
from catalog.selection.selector import Param, Selector
from catalog.store.database import reading, writing
from catalog.store.folders import Home
from catalog.store.references import check_name, resolve
from catalog.subsets.store import find_same, stored, write_subset

RECORDED = ("catalog", "duckdb", "numpy", "opentsne", "polars", "pyarrow", "pylance", "scikit-learn", "torch")

TYPES: tuple[tuple[type, str], ...] = ((bool, "boolean"), (int, "integer"), (float, "number"))  # a bool is an int


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
    home: Home,
    selector: Selector,
    source: str,
    *,
    name: str,
    budget: int | str,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    pins: Pins | None = None,
    is_dry_run: bool = False,
    is_strict: bool = False,
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
        pins: the signals to read, where an earlier definition says which; else they are found by name.
        is_dry_run: answer, and write nothing.
        is_strict: refuse a selector whose answer depends on the order in which rows happen to come.
        limits: memory, time, and whether dear results are kept.

    Raises:
        OptionError: the budget, a parameter or the name makes no sense.
        SignalError: a signal is missing; the message names the command that makes it.
        SelectionError: the selector's answer is no selection, or the source has prompts only; or, under ``is_strict``, another run
            may give other members.
    """
    check_name(name)
    started = time.monotonic()
    limits = limits or Limits()
    definition = define(home, selector, ref=source, budget=budget, seed=seed, settings=settings, pins=pins, limits=limits)
    unsteady = tuple(map(str, definition.findings))
    if unsteady and is_strict:
        raise SelectionError("; ".join(unsteady))
    with reading(home, wait=limits.wait) as connection:
        same = None if is_dry_run else find_same(connection, definition, name=name)
        if same:
            n_members = stored(connection, same)["n_members"]
            return Selected(str(same), False, definition, n_members, unsteady, time.monotonic() - started)
    chosen = choose(home, definition, limits=limits)
    n_members, warnings, seconds = chosen.members.num_rows, (*unsteady, *_warnings(chosen)), time.monotonic() - started
    if is_dry_run:
        return Selected(None, True, definition, n_members, warnings, seconds)
    with writing(home, wait=limits.wait) as connection:
        made = write_subset(connection, home, chosen, name=name, environment=environment(), seconds=seconds)
    return Selected(str(made), True, definition, n_members, warnings, seconds)


def reselect(
    home: Home,
    name: str,
    *,
    settings: Mapping[str, Any] | None = None,
    is_dry_run: bool = False,
    is_strict: bool = False,
    limits: Limits | None = None,
) -> Selected:
    """Select again what a subset was made from, by the same signals, as its pool is now; the next version holds it.

    Args:
        home: the catalog's folder.
        name: the subset, at its newest version unless it says which.
        settings: values of the selector's parameters that are to be others.
        is_dry_run: answer, and write nothing.
        limits: memory, time, and whether dear results are kept.

    Raises:
        ReferenceNotFoundError: no subset of that name, or its pool is gone.
        OptionError: the pool has become smaller than the budget, or a setting makes no sense.
    """
    limits = limits or Limits()
    with reading(home, wait=limits.wait) as connection:
        reference = resolve(connection, name, kind="subset")
        content = stored(connection, reference)["definition"]
    pins = stored_pins(content, is_onto=True)
    selected = select(
        home,
        stored_selector(content, settings or {}),
        content["pool"].partition("@")[0],
        name=reference.name,
        budget=content["budget"],
        settings=settings,
        seed=content["seed"],
        pins=pins,
        is_dry_run=is_dry_run,
        is_strict=is_strict,
        limits=limits,
    )
    others = [one for one in selected.definition.content["signals"] if one["identity_sha256"] not in pins.identities]
    said = tuple(f"the {title(one['kind'], one['name'])} read now: not what {reference} was made from" for one in others)
    return replace(selected, warnings=(*selected.warnings, *said))


def define_again(home: Home, content: Mapping[str, Any], *, limits: Limits) -> Definition:
    """The definition that a stored one is now: the same text over the same version of its pool, and the same signals.

    Raises:
        ReferenceNotFoundError: what it was made from is gone.
        SignalError: a signal that it reads is gone.
    """
    at = {"ref": content["pool"], "budget": content["budget"], "seed": content["seed"]}
    return define(home, stored_selector(content), **at, pins=stored_pins(content), limits=limits)


def stored_pins(content: Mapping[str, Any], *, is_onto: bool = False) -> Pins:
    """The signals of a stored definition."""
    return Pins(frozenset(signal["identity_sha256"] for signal in content["signals"]), is_onto)


def stored_selector(content: Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Selector:
    """The method of a stored definition, its parameters set as they were; what is set anew must be of the type that it was."""
    types = {name: _type_of(value, (settings or {}).get(name)) for name, value in content["parameters"].items()}
    params = tuple(Param(name, types[name], value, is_required=False) for name, value in content["parameters"].items())
    name = content["selector"]
    return Selector(name, f"{name} (as stored)", content["sql"], summary="", paper="", needs=(), params=params)


def _type_of(value: Any, anew: Any) -> str:
    """The type of a parameter's value; of one that was NULL, what the new value reads as."""
    if value is not None:
        return next((name for type_, name in TYPES if isinstance(value, type_)), "text")
    for name in ("integer", "number"):
        with suppress(OptionError):
            Param("anew", name, None, is_required=False).value(anew)
            return name
    return "text"


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
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor() or None)


def _warnings(chosen: Chosen) -> tuple[str, ...]:
    definition, n_members = chosen.definition, chosen.members.num_rows
    said = f"only {n_members:,} members of {definition.reference} are eligible for a budget of {definition.budget:,}"
    return (*((said,) if chosen.shortfall else ()), *_uncovered(chosen))


def _uncovered(chosen: Chosen) -> tuple[str, ...]:
    """That clusters got nothing, where members are taken from one after the other; a draw by weight owes none a member."""
    definition = chosen.definition
    budget, k = definition.budget, definition.given.get("k")
    first = json.loads(chosen.members["why"][0].as_py() or "{}") if chosen.members.num_rows else {}
    if not isinstance(k, int) or not {"cluster", "cluster_size", "turn"} <= first.keys() or (budget >= k and "source" not in first):
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
        return (f"a budget of {budget:,} is one member of each of {n_sources:,} sources: other clusters, and sources beyond, get nothing",)
    clusters = f"{k:,} clusters" + (f" in each of {n_sources:,} sources" if "source" in first else "")
    instead = f"--set k={max(1, budget // (2 * n_sources))} covers them"
    return (f"a budget of {budget:,} is less than {clusters}, so the smallest get nothing: {instead}",)
