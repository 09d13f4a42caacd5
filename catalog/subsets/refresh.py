"""Selecting again: a subset's selection, run on the current versions of its pools."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

from catalog.errors import OptionError
from catalog.kernels._common.mixing import ALL
from catalog.messages import argument
from catalog.query.executor import Limits
from catalog.selection.selector import is_own, unplaced
from catalog.selection.token_score import stored_score
from catalog.signals.kinds import KINDS
from catalog.store.references import Reference, bare_names, resolve
from catalog.store.store import Store
from catalog.subsets.all_or_none import all_or_none
from catalog.subsets.keep import select_keeping, selection_record
from catalog.subsets.select import Selected, select
from catalog.subsets.store import stored
from catalog.subsets.stored_definition import (
    is_of_0_1,
    require_complete,
    stored_pins,
    stored_selector,
)

MADE_FOR_SELECTIONS = ("clean_of", "pools", "where")
"""Selectors of subsets that the catalog makes so that another selection can read them."""


def refresh(
    store: Store,
    name: str,
    *,
    budget: int | str | None = None,
    settings: Mapping[str, Any] | None = None,
    is_keeping: bool = False,
    is_superseding: bool = False,
    is_dry_run: bool = False,
    is_strict: bool = False,
    is_new_version: bool = False,
    is_gated: bool = False,
    limits: Limits | None = None,
) -> Selected:
    """Run a subset's selection on the current versions of its pools, as the subset's next version.

    It reads the same signals as before. Sources that the catalog made for the selection, such as
    that of ``--where``, are refreshed first.

    Args:
        store: the catalog's files and database.
        name: the subset; its newest version unless the name says which.
        budget: another budget; by default the one that was asked for, so that ``"10%"`` and
            ``"all"`` follow the pool.
        settings: values of the selector's parameters to change.
        is_keeping: keep the members that still qualify and replace only the others, as
            `catalog.subsets.keep.select_keeping` does. All that qualify are the subset
            ``NAME.ranking``. A budget of ``"all"`` has room for every member that qualifies.
        is_superseding: let the next version follow one that another selector made.
        is_dry_run: compute, and write nothing but that ranking.
        is_strict: refuse a selector with findings, as `catalog.subsets.select.select` does.
        is_new_version: as `catalog.subsets.select.select` takes it.
        is_gated: refuse members that share words with a pool for evaluation, as it does.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no subset of that name, or its pool is gone.
        OptionError: the pool has become smaller than the budget, a setting is out of its range, or
            ``is_keeping`` comes with another budget or setting.
        SelectionError: version 0.1 made the definition, and parts of it are missing.
    """
    _require_same(budget, settings, is_keeping=is_keeping)
    limits = limits or Limits()
    with store.reading() as connection:
        reference = resolve(connection, name, kind="subset")
        newest = stored(connection, reference)
        record = selection_record(connection, reference) if is_keeping else newest
    content = record["definition"]
    require_complete(content)
    selector = stored_selector(content, settings or {}, text=record["selector_text"])
    with all_or_none(store), unplaced(selector) if is_own(selector) else nullcontext():
        if not is_dry_run:
            _refresh_sources(store, reference, content, limits=limits)
        selected_again = partial(
            select,
            store,
            selector,
            bare_names(content["pool"]),
            settings=settings,
            seed=content["seed"],
            pins=stored_pins(content, is_onto=True),
            is_strict=is_strict,
            limits=limits,
        )
        asked = budget or record["budget_asked"] or content["budget"]
        options: dict[str, Any] = {"tokens": stored_score(content), "group": newest["group_name"]}
        options |= {"is_dry_run": is_dry_run, "is_new_version": is_new_version}
        options |= {"is_gated": is_gated}
        if is_keeping and asked != ALL:
            ranking = selected_again(
                name=f"{reference.name}.ranking", budget=ALL, is_superseding=True, is_checked=False
            )
            return select_keeping(store, reference, ranking, budget=asked, limits=limits, **options)
        is_superseding = is_superseding or record is not newest
        selected = selected_again(
            name=reference.name, budget=asked, is_superseding=is_superseding, **options
        )
        changes = _changes(reference, record, selected.definition.content)
        return replace(selected, warnings=(*selected.warnings, *changes))


def _require_same(
    budget: int | str | None, settings: Mapping[str, Any] | None, *, is_keeping: bool
) -> None:
    """Refuse another budget or setting of a selection whose members are kept.

    Raises:
        OptionError: there is one.
    """
    if is_keeping and (budget or settings):
        flag = argument("keep", True)
        raise OptionError(f"{flag} leaves budgets and settings as they are: refresh without it")


def _refresh_sources(
    store: Store, reference: Reference, content: Mapping[str, Any], *, limits: Limits
) -> None:
    """Refresh the sources that the catalog made for a selection itself.

    Those are the parts of a mixture with a selector, and subsets of ``--where``, ``--clean-of`` and
    several pools.
    """
    for name in bare_names(content["pool"]).split(","):
        with store.reading() as connection:
            source = resolve(connection, name)
            record = stored(connection, source) if source.kind == "subset" else None
        is_own = name.startswith(f"{reference.name}.")
        if record and (is_own or record["selector"] in MADE_FOR_SELECTIONS):
            refresh(store, name, limits=limits)


def _changes(
    reference: Reference, record: Mapping[str, Any], now: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return a warning for each version and signal that the subset was not made from.

    Version 0.1 kept a budget as a number alone; where that number serves again, a warning says so.
    """
    before = record["definition"]
    old_references = {item["reference"] for item in before["references"]}
    old_references |= {*before["pool"].split(",")}
    new_references = [
        item["reference"] for item in now["references"] if item["reference"] not in old_references
    ]
    old_signals = {item["identity_sha256"] for item in before["signals"]}
    new_signals = [
        KINDS[item["kind"]].title(item["name"])
        for item in now["signals"]
        if item["identity_sha256"] not in old_signals
    ]
    warnings = [
        f"{item} read now: {reference} read {_versions_of(item, old_references)}"
        for item in new_references
    ]
    warnings += [f"the {item} read now: not what {reference} was made from" for item in new_signals]
    if is_of_0_1(record) and now["budget"] == before["budget"]:
        warnings.append(
            f"{reference} was made by 0.1, which kept its budget as the number "
            f"{before['budget']:,}: give another {argument('budget')}"
        )
    return tuple(warnings)


def _versions_of(reference: str, known: set[str]) -> str:
    name = reference.partition("@")[0]
    versions = sorted(item for item in known if item.partition("@")[0] == name)
    return ", ".join(versions) or "no version of it"
