"""Subsets that selections select from: members that meet a condition, and several pools as one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from catalog.errors import OptionError
from catalog.messages import argument
from catalog.query.executor import Limits
from catalog.query.expression import bracketed, inserts
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
        source: the pool or subset; several with commas become one subset first.
        where: of the columns of ``pool(...)`` and ``scores(...)``.
        limits: memory and time.

    Raises:
        ReferenceNotFoundError: no such pool or subset.
        QueryError: the condition is wrong.
        SelectionError: no member meets it.
    """
    limits = limits or Limits()
    selector = where_selection(where)
    source = joined(store, selector, source, limits=limits)
    with store.reading() as connection:
        name = where_name(resolve(connection, source).name, where)
    return select(store, selector, source, name=name, budget="all", is_checked=False, limits=limits)


def where_selection(where: str) -> Selector:
    """Return the selector of the members that meet a condition.

    Raises:
        QueryError: the condition is wrong.
    """
    condition = bracketed(where, option="--where")
    selector = packaged_selection("where")
    text = selector.text.replace(EVERY, f"WHERE {condition}")
    return replace(selector, text=text, inserts=inserts(text, condition, option="--where"))


def where_name(source: str, where: str) -> str:
    """Return the name of the subset of a source's members that meet a condition.

    >>> where_name("alpaca", "length > 5")
    'alpaca-where-a2282723'
    """
    digits = hashlib.sha256(canonical(where).encode()).hexdigest()[:N_DIGITS]
    return f"{source}-where-{digits}"


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
    if "," not in text:
        return text
    if reads_pools(find_selector(store, selector) if isinstance(selector, str) else selector):
        return text
    if is_dry_run:
        raise OptionError(
            f"several sources become a subset first, which {argument('dry_run', True)} does not "
            f"write: select from one of {text}"
        )
    selected = select(
        store,
        joined_selection(),
        text,
        name=joined_name(text),
        budget="all",
        is_checked=False,
        limits=limits,
    )
    return str(selected.reference)


def reads_pools(selector: Selector) -> bool:
    """Return whether a selector takes several pools and subsets as they are."""
    return any(token.name == "pools" for token in tokens(selector.text))


def joined_selection() -> Selector:
    """Return the selector of the members of several pools and subsets, each once."""
    return packaged_selection("pools")


def joined_name(text: str) -> str:
    """Return the name of the subset that several pools and subsets become.

    >>> joined_name("alpaca,gsm@1")
    'alpaca-and-gsm'
    """
    return "-and-".join(bare_names(text).split(","))
