"""Selecting: the answer of a selector's query becomes the next version of a subset."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.arrow import to_numpy
from catalog.errors import OptionError, SelectionError
from catalog.messages import argument
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.session import Session, shared_session
from catalog.selection.definition import Definition, define
from catalog.selection.run import SelectionResult, choose
from catalog.selection.selector import Selector, find_selector
from catalog.selection.token_score import TokenScore
from catalog.signals.coverage import PinnedSignals
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, check_name, resolve
from catalog.store.store import Store
from catalog.subsets.all_or_none import note_written
from catalog.subsets.churn import Churn
from catalog.subsets.environment import environment
from catalog.subsets.equivalent import find_equivalent
from catalog.subsets.overlap.evaluation import Check, EvalOverlap, check, eval_pools
from catalog.subsets.shortfall import warnings_of
from catalog.subsets.store import find_same, set_group, stored, write_subset


@dataclass(frozen=True)
class Selected(NotebookResult):
    """Outcome of a selection.

    Attributes:
        reference: the version that holds it, ``name@version``; None for a dry run.
        is_new: False when the same definition was selected before, and nothing was computed.
        definition: what decides the members.
        n_members: how many members there are.
        n_rows: how many rows these are: a member that stands several times is several rows.
        warnings: what a user should know, such as a shortfall.
        seconds: how long it took.
        churn: what a refresh that keeps members changed; None of others.
        overlaps: pools for evaluation that it shares 13 words in a row with.
    """

    reference: str | None
    is_new: bool
    definition: Definition = field(repr=False)
    n_members: int
    n_rows: int
    warnings: tuple[str, ...]
    seconds: float
    churn: Churn | None = None
    overlaps: tuple[EvalOverlap, ...] = ()


def select(
    store: Store,
    selector: Selector | str,
    source: str,
    *,
    name: str,
    budget: int | str,
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    pins: PinnedSignals | None = None,
    tokens: TokenScore | None = None,
    group: str | None = None,
    is_superseding: bool = False,
    is_dry_run: bool = False,
    is_strict: bool = False,
    is_new_version: bool = False,
    is_newest: bool = False,
    is_checked: bool = True,
    is_gated: bool = False,
    limits: Limits | None = None,
) -> Selected:
    """Select members of a pool or subset, and keep them as the next version of a subset.

    Args:
        store: the catalog's files and database.
        selector: the method, or its name.
        source: the pool or subset to select from.
        name: the subset's name.
        budget: how many members: ``5000``, a share of the source such as ``"10%"``, or ``"all"``;
            or how many tokens, such as ``"2Mtok"``; recorded as given.
        settings: values of the selector's parameters.
        seed: random seed for all sampling.
        pins: the signals to read, where an earlier definition says which; by default they are
            found by name.
        tokens: the score that counts tokens, for a budget in tokens.
        group: of subsets that it belongs to; None leaves that of a version that is there.
        is_superseding: let the next version follow one that another selector made.
        is_dry_run: compute, and write nothing.
        is_strict: refuse a selector with findings, such as members that depend on the order in
            which rows arrive.
        is_new_version: make a version although one exists that differs only in names inside the
            selector's text, comments or layout.
        is_newest: make a version again where its definition is that of an older version than the
            newest.
        is_checked: compare the members with every pool that is registered for evaluation, and warn
            of those that share 13 words in a row with an item.
        is_gated: refuse such a selection.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        OptionError: the budget, a parameter or the name is not valid, or another selector made the
            newest version of that name.
        SignalError: a signal is missing; the message names the command that computes it.
        SelectionError: the selector's answer is no selection, or the source has prompts only; or,
            under ``is_strict``, another run may give other members; or, under ``is_gated``, it
            shares words with a pool for evaluation.
        MemoryLimitError: under ``is_gated``, it cannot be compared within the memory limit.
    """
    check_name(name)
    started = time.monotonic()
    limits = limits or Limits()
    asked: dict[str, Any] = {"settings": settings, "pins": pins, "tokens": tokens}
    asked |= {"budget": budget, "seed": seed, "limits": limits}
    wanted = {"is_new_version": is_new_version, "is_newest": is_newest, "is_dry_run": is_dry_run}
    with _session(store, limits) as session:
        method = find_selector(store, selector) if isinstance(selector, str) else selector
        definition = define(store, method, ref=source, **asked)
        findings = _findings(definition, is_strict=is_strict)
        same, offers = _find_made(session.connection, definition, name, **wanted)
        findings += offers
        tests = eval_pools(session.connection) if is_checked or is_gated else []
        if same:
            answer = _selected_before(session.connection, same, definition, findings)
        else:
            _require_name(session.connection, definition, name=name, is_superseding=is_superseding)
            chosen = choose(store, definition, limits=limits)
            answer = _selected(chosen, findings)
    members = same or to_numpy(chosen.members["instruction_id"])
    checked = check(store, members, tests, limits=limits)
    if is_gated:
        checked.require_clean()
    answer = _with_check(answer, checked, started=started)
    if same:
        _keep(store, checked, same, group)
    elif not is_dry_run:
        kept: dict[str, Any] = {"seconds": answer.seconds, "group": group, "checked": checked}
        kept |= {"is_superseding": is_superseding, "wanted": wanted}
        reference, is_new = _write(store, chosen, name, **kept)
        answer = replace(answer, reference=reference, is_new=is_new)
    return answer


def _session(store: Store, limits: Limits) -> AbstractContextManager[Session]:
    """Return the session that one selection uses throughout, within its limits."""
    return shared_session(
        store, memory=limits.memory, spill=limits.spill, use_cache=limits.use_cache
    )


def _find_made(
    connection: Connection,
    definition: Definition,
    name: str,
    *,
    is_new_version: bool,
    is_newest: bool,
    is_dry_run: bool,
) -> tuple[Reference | None, tuple[str, ...]]:
    """Return the version that serves for a definition, and a warning if it is an equivalent one.

    A dry run has none; nor has, under ``is_newest``, an older version than the newest.
    """
    if is_dry_run:
        return None, ()
    same = find_same(connection, definition, name=name)
    offers: tuple[str, ...] = ()
    if same is None and not is_new_version:
        same = find_equivalent(connection, definition, name=name)
        offers = _offered(same)
    if same and is_newest and resolve(connection, name) != same:
        return None, ()
    return same, offers


def _keep(store: Store, checked: Check, same: Reference, group: str | None) -> None:
    """Keep what a check compared, and the group of a version, if that is something to write."""
    if checked.compared or group is not None:
        with store.writing() as connection:
            checked.keep(connection)
            if group is not None:
                set_group(connection, same, group)


def _findings(definition: Definition, *, is_strict: bool) -> tuple[str, ...]:
    """Return what may differ in another run.

    Raises:
        SelectionError: there is such a thing, under ``is_strict``.
    """
    findings = tuple(map(str, definition.findings))
    if findings and is_strict:
        raise SelectionError("; ".join(findings))
    return findings


def _offered(same: Reference | None) -> tuple[str, ...]:
    """Return the warning that an equivalent version stands for a selection."""
    if same is None:
        return ()
    asked = argument("new_version", True)
    differs = "this selection differs in names, comments or layout only"
    return (f"{same} serves: {differs}; add {asked} to keep its text as another version",)


def _write(
    store: Store,
    chosen: SelectionResult,
    name: str,
    *,
    is_superseding: bool,
    wanted: Mapping[str, bool],
    checked: Check,
    **kept: Any,
) -> tuple[str, bool]:
    """Write the next version and what a check compared; return its reference and whether it is new.

    Another process may have written since the first check, a version that serves among others.
    """
    with store.writing() as connection:
        same, _ = _find_made(connection, chosen.definition, name, **wanted)
        if same:
            return str(same), False
        _require_name(connection, chosen.definition, name=name, is_superseding=is_superseding)
        checked.keep(connection)
        kept |= {"name": name, "environment": environment()}
        reference = write_subset(connection, store, chosen, **kept)
    note_written(reference)
    return str(reference), True


def _selected(chosen: SelectionResult, findings: tuple[str, ...]) -> Selected:
    """Return a selection that is not written yet."""
    counts = {"n_members": chosen.members.num_rows, "n_rows": chosen.n_rows}
    warnings = (*findings, *warnings_of(chosen))
    return Selected(None, True, chosen.definition, **counts, warnings=warnings, seconds=0)


def _selected_before(
    connection: Connection,
    same: Reference,
    definition: Definition,
    findings: tuple[str, ...],
) -> Selected:
    """Return the version that a definition made before; its budget stays as asked for then."""
    record = stored(connection, same)
    kept = record["budget_asked"]
    warnings = list(findings)
    if kept not in (None, definition.asked):
        warnings.append(f"{same} keeps its budget as asked for, {kept}, not {definition.asked}")
    counts = {key: record[key] for key in ("n_members", "n_rows")}
    return Selected(str(same), False, definition, **counts, warnings=tuple(warnings), seconds=0)


def _with_check(selected: Selected, checked: Check, *, started: float) -> Selected:
    """Return a selection with what a check of its members found, and its seconds until now."""
    warnings = (*selected.warnings, *checked.warnings)
    seconds = time.monotonic() - started
    return replace(selected, warnings=warnings, overlaps=checked.overlaps, seconds=seconds)


def _require_name(
    connection: Connection, definition: Definition, *, name: str, is_superseding: bool
) -> None:
    """Refuse a pool's name, and a subset's whose newest version another selector made."""
    if connection.sql("SELECT 1 FROM pools WHERE name = $name", params={"name": name}).fetchall():
        raise OptionError(
            f"{name} is the name of a pool, and pools and subsets share their names: "
            f"choose another for {argument('name', flag='--as')}"
        )
    rows = connection.sql(query("subsets/newest"), params={"name": name}).fetchall()
    wanted = definition.selector.name
    if rows and rows[0][1] != wanted and not is_superseding:
        version, selector = rows[0]
        raise OptionError(
            f"{name}@{version} was made by {selector}, this would be {wanted}: choose another "
            f"{argument('name', flag='--as')}, or add {argument('supersede', True)} to make it "
            f"{name}@{version + 1}"
        )
