"""Subsets that selections select from: members that meet a condition, and several pools as one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from catalog.errors import OptionError
from catalog.messages import argument
from catalog.query.executor import Limits
from catalog.query.expression import bracketed
from catalog.query.tokens import canonical, tokens
from catalog.selection.selector import Selector, find_selector, packaged_selection
from catalog.store.references import bare_names, resolve
from catalog.store.store import Store
from catalog.subsets.select import Selected, select

EVERY = "WHERE (true)"
N_DIGITS = 8
"""Digits of the hash of a condition in the name of a subset."""


def select_where(
    store: Store, source: str, *, where: str, limits: Limits | None = None
) -> Selected:
    """Keep the members that meet a SQL condition, as a subset.

    The condition is part of the subset's definition. The subset is named after the source and the
    hash of the condition, such as ``alpaca-where-1f0c83a2``.

    Args:
        store: the catalog's files and database.
        source: the pool or subset.
        where: of the columns of ``pool(...)`` and ``scores(...)``.
        limits: memory and time.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        QueryError: the condition is wrong.
        SelectionError: no member meets it.
    """
    condition = bracketed(where, option="--where")
    selector = packaged_selection("where")
    selector = replace(selector, text=selector.text.replace(EVERY, f"WHERE {condition}"))
    with store.reading() as connection:
        name = resolve(connection, source).name
    digits = hashlib.sha256(canonical(where).encode()).hexdigest()[:N_DIGITS]
    own = f"{name}-where-{digits}"
    return select(store, selector, source, name=own, budget="all", limits=limits)


def joined(
    store: Store,
    selector: Selector | str,
    text: str,
    *,
    limits: Limits,
    is_dry_run: bool = False,
) -> str:
    """Return what a selector can select from, of several pools and subsets with commas.

    A text that reads ``pools($pool)`` takes them as they are. For any other their members become
    one subset, named after all, such as ``alpaca-and-gsm``.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        SelectionError: nothing can be selected from one of them.
        OptionError: a dry run would write that subset.
    """
    method = find_selector(store, selector) if isinstance(selector, str) else selector
    if any(token.name == "pools" for token in tokens(method.text)):
        return text
    if is_dry_run:
        raise OptionError(
            f"several sources become a subset first, which {argument('dry_run', True)} does not "
            f"write: select from one of {text}"
        )
    name = "-and-".join(bare_names(text).split(","))
    union = packaged_selection("pools")
    return str(select(store, union, text, name=name, budget="all", limits=limits).reference)
