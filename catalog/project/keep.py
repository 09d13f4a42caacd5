"""Refresh a subset with little churn: members that still qualify stay, the others are replaced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.selection.budget import n_of
from catalog.selection.selector import packaged_selection
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, bare_names, count_members, resolve
from catalog.store.store import Store
from catalog.subsets.select import Selected, select
from catalog.subsets.store import stored
from catalog.subsets.stored_definition import require_complete, stored_pins, stored_selector

KEEP = "keep"
"""Selector of subsets that were made here."""


@dataclass(frozen=True)
class KeptRefresh(NotebookResult):
    """Refresh that keeps members.

    Attributes:
        selected: the new version, or the one of before where nothing changes.
        before: the version whose members are kept, ``name@version``.
        ranking: the subset of all that qualify now, in their order.
        n_kept: members that stay.
        n_added: members that replace others, or fill up a budget that has grown.
        n_gone: members that left the pool.
        n_unqualified: members that the selector does not take any more.
        n_surplus: members that still qualify and that a smaller budget has no room for.
    """

    selected: Selected
    before: str
    ranking: str
    n_kept: int
    n_added: int
    n_gone: int
    n_unqualified: int
    n_surplus: int


def refresh_keeping(
    store: Store, name: str, *, is_dry_run: bool = False, limits: Limits | None = None
) -> KeptRefresh:
    """Run a subset's selection on its current pools, and keep the members that still qualify.

    A member qualifies if it is among the rows that the selector returns for the whole pool. These
    become the subset ``NAME.ranking``. The new version holds the members of the old one that are in
    it, filled up with the first of the others, all in the order of the ranking.

    Args:
        store: the catalog's files and database.
        name: the subset; its newest version.
        is_dry_run: write the ranking and not the subset.
        limits: memory, time, and whether results of slow kernels are cached.

    Raises:
        ReferenceNotFoundError: no subset of that name, or its pool is gone.
        OptionError: its budget is none of members, or the pool has become smaller.
        SelectionError: version 0.1 made the definition, and parts of it are missing.
    """
    limits = limits or Limits()
    with store.reading() as connection:
        reference = resolve(connection, name, kind="subset")
        record = _selection(connection, reference)
    content = record["definition"]
    require_complete(content)
    ranking = select(
        store,
        stored_selector(content, text=record["selector_text"]),
        bare_names(content["pool"]),
        name=f"{reference.name}.ranking",
        budget="all",
        seed=content["seed"],
        pins=stored_pins(content, is_onto=True),
        is_superseding=True,
        limits=limits,
    )
    asked = record["budget_asked"] or content["budget"]
    n = n_of(asked, ranking.definition.n_members, of=ranking.definition.source)
    selected = select(
        store,
        packaged_selection(KEEP),
        str(ranking.reference),
        name=reference.name,
        budget=min(n, ranking.n_members),
        settings={"kept": str(reference)},
        is_superseding=True,
        is_dry_run=is_dry_run,
        limits=limits,
    )
    with store.reading() as connection:
        counts = _counts(connection, reference, str(ranking.reference), n=selected.n_members)
    return KeptRefresh(selected, str(reference), str(ranking.reference), **counts)


def _selection(connection: Connection, reference: Reference) -> dict[str, Any]:
    """Return the record of the newest version that was not made here: the selection itself."""
    rows = connection.sql(query("subsets/definitions"), params={"name": reference.name}).fetchall()
    records = (
        stored(connection, Reference("subset", reference.name, version, subset_id))
        for subset_id, version, _ in rows
        if version <= reference.version
    )
    found = next((each for each in records if each["selector"] != KEEP), None)
    return found or stored(connection, reference)


def _counts(
    connection: Connection, before: Reference, ranking: str, *, n: int
) -> Mapping[str, int]:
    """Return how many members stay, come and go, and why."""
    found = resolve(connection, ranking, kind="subset")
    content = stored(connection, found)["definition"]
    sources = [resolve(connection, each) for each in content["pool"].split(",")]
    there = {each for source in sources for each in _ids(connection, source)}
    ids, qualified = _ids(connection, before), _ids(connection, found)
    n_gone = len(ids - there)
    n_stay = len(ids & qualified)
    n_kept = min(n_stay, n)
    return {
        "n_kept": n_kept,
        "n_added": n - n_kept,
        "n_gone": n_gone,
        "n_unqualified": count_members(connection, before) - n_gone - n_stay,
        "n_surplus": n_stay - n_kept,
    }


def _ids(connection: Connection, reference: Reference) -> set[int]:
    rows = connection.sql(query("projects/member_ids"), params=reference.parameters).fetchall()
    return {instruction_id for (instruction_id,) in rows}


def churn(kept: KeptRefresh) -> str:
    """Return what a refresh changed, as one sentence."""
    n_replaced = kept.n_gone + kept.n_unqualified
    text = f"{kept.n_kept:,} of {kept.before} kept, {kept.n_added:,} added, {n_replaced:,} left"
    reasons = {
        "left the pool": kept.n_gone,
        "do not qualify any more": kept.n_unqualified,
        "have no room in the budget": kept.n_surplus,
    }
    causes = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items() if count)
    return f"{text} ({causes})" if causes else text
