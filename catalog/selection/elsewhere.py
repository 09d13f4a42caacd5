"""A selection as a query of another engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.selection.definition import Definition
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.query.meaning.engines.rewrite import EngineQuery


def translation_of(store: Store, definition: Definition, dialect: str) -> EngineQuery:
    """Write a planned selection as a query of another engine.

    Raises:
        CatalogError: as `catalog.query.meaning.engines.rewrite.rewritten` says.
    """
    from catalog.query.meaning.engines.rewrite import rewritten

    assert definition.planned is not None  # it was defined in this process
    with store.reading() as connection:
        return rewritten(connection, definition.planned, dialect)
