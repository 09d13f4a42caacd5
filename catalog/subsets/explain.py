"""A selection explained before it runs, or the stored one of a subset.

Each function takes a selector and a source, or a subset alone, and the options of
`catalog.selection.definition.define`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from catalog.query.executor import Limits
from catalog.selection import explain as selection_explain
from catalog.selection.columns import columns_of
from catalog.selection.definition import Definition, define
from catalog.selection.elsewhere import translation_of
from catalog.selection.explain import Explanation, explain_selection
from catalog.selection.selector import Selector, find_selector
from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.store import stored
from catalog.subsets.stored_definition import define_again

if TYPE_CHECKING:
    from catalog.query.meaning.columns import ColumnOrigin
    from catalog.query.meaning.engines.rewrite import EngineQuery

Method = str | os.PathLike[str] | Selector
"""A selector, its name or its file."""

BUDGET = "10%"
"""The budget of a selection that is only explained."""


def explain(
    store: Store, selector: Method, source: str | None, *, limits: Limits, **options: Any
) -> Explanation:
    """Return the plan of a selection, and what its missing signals cost.

    Raises:
        CatalogError: as `catalog.selection.explain.explain_selection` and
            `catalog.subsets.stored_definition.define_again` say.
    """
    if source is not None:
        asked = {"budget": BUDGET} | options
        return explain_selection(store, _method(store, selector), source, **asked, limits=limits)
    definition = _of_subset(store, str(selector), limits=limits)
    text, given, planned = definition.text, definition.given, definition.planned
    return selection_explain.explain(store, text, given, planned=planned, limits=limits)


def columns(
    store: Store, selector: Method, source: str | None, *, limits: Limits, **options: Any
) -> list[ColumnOrigin]:
    """Return the origin of each column of a selection.

    Raises:
        QueryError: the text is not understood.
        CatalogError: as `explain` says.
    """
    return columns_of(store, _defined(store, selector, source, options, limits=limits))


def translate(
    store: Store,
    selector: Method,
    source: str | None,
    *,
    dialect: str,
    limits: Limits,
    **options: Any,
) -> EngineQuery:
    """Return a selection as a query of another engine.

    Raises:
        CatalogError: as `explain` and `catalog.query.meaning.engines.rewrite.rewritten` say.
    """
    definition = _defined(store, selector, source, options, limits=limits)
    return translation_of(store, definition, dialect)


def _method(store: Store, selector: Method) -> Selector:
    if isinstance(selector, Selector):
        return selector
    return find_selector(store, os.fspath(selector))


def _defined(
    store: Store,
    selector: Method,
    source: str | None,
    options: dict[str, Any],
    *,
    limits: Limits,
) -> Definition:
    if source is None:
        return _of_subset(store, str(selector), limits=limits)
    asked: dict[str, Any] = {"budget": BUDGET} | options
    return define(store, _method(store, selector), ref=source, **asked, limits=limits)


def _of_subset(store: Store, reference: str, *, limits: Limits) -> Definition:
    with store.reading() as connection:
        record = stored(connection, resolve(connection, reference, kind="subset"))
    return define_again(store, record["definition"], text=record["selector_text"], limits=limits)
