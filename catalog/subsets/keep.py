"""Select with little churn: members that still qualify stay, the others are replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from catalog.kernels._common.mixing import ALL
from catalog.kernels._common.sizes import read_tokens
from catalog.query.executor import Limits
from catalog.selection.budget import n_of
from catalog.selection.selector import packaged_selection
from catalog.selection.token_score import TokenScore, sum_of_tokens
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve, resolve_all
from catalog.store.store import Store
from catalog.subsets.churn import churn
from catalog.subsets.select import Selected, select
from catalog.subsets.store import stored

KEEP = "keep"
"""Selector of subsets that were made here."""


def select_keeping(
    store: Store,
    before: Reference,
    ranking: Selected,
    *,
    budget: int | str,
    tokens: TokenScore | None,
    limits: Limits,
    **options: Any,
) -> Selected:
    """Keep the members of a version that still qualify, and fill up with the first of the others.

    A member qualifies if it is in the ranking. The members come in the order of the ranking; under
    a budget in tokens those that are kept come before the others.

    Args:
        store: the catalog's files and database.
        before: the version of the subset.
        ranking: the subset of all that qualify now, in their order.
        budget: as it was asked for.
        tokens: the score that counts tokens, for a budget in tokens.
        limits: memory and time.
        options: of `catalog.subsets.select.select`.

    Raises:
        OptionError: the budget is none of members, or the pool has become smaller.
        SignalError: members lack the score that counts tokens.
    """
    source = str(ranking.reference)
    with store.reading() as connection:
        found = resolve(connection, source)
        sources = resolve_all(connection, ranking.definition.source)
        fitting = _fitting(connection, found, ranking, budget, tokens)
    selected = select(
        store,
        packaged_selection(KEEP),
        source,
        name=before.name,
        budget=fitting,
        settings={"kept": str(before), "kept_first": tokens is not None},
        tokens=tokens if read_tokens(str(fitting)) is not None else None,
        is_superseding=True,
        limits=limits,
        **options,
    )
    with store.reading() as connection:
        counts = churn(
            connection, before=before, ranking=found, sources=sources, n=selected.n_members
        )
    return replace(selected, churn=counts)


def _fitting(
    connection: Connection,
    ranking: Reference,
    ranked: Selected,
    budget: int | str,
    tokens: TokenScore | None,
) -> int | str:
    """Return a budget that the ranking can fill."""
    n_tokens = read_tokens(str(budget))
    if n_tokens is not None and tokens is not None:
        available, _ = sum_of_tokens(connection, ranking, tokens)
        return ALL if n_tokens > available else budget
    definition = ranked.definition
    return min(n_of(budget, definition.n_members, of=definition.source), ranked.n_members)


def selection_record(connection: Connection, reference: Reference) -> dict[str, Any]:
    """Return the record of the newest version that was not made here: the selection itself."""
    rows = connection.sql(query("subsets/definitions"), params={"name": reference.name}).fetchall()
    records = (
        stored(connection, Reference("subset", reference.name, version, subset_id))
        for subset_id, version, _ in rows
        if version <= reference.version
    )
    found = next((each for each in records if each["selector"] != KEEP), None)
    return found or stored(connection, reference)
