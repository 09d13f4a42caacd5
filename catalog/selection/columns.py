"""The columns of a selection's answer, traced to the signals that they are computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.errors import QueryError
from catalog.selection.definition import Definition
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.query.meaning.columns import ColumnOrigin


def columns_of(store: Store, definition: Definition) -> list[ColumnOrigin]:
    """Return the origin of each column of a planned selection.

    Raises:
        QueryError: the text is not understood.
    """
    from catalog.query.meaning.columns import column_origins

    assert definition.planned is not None  # it was defined in this process
    with store.reading() as connection:
        found = column_origins(connection, definition.planned)
    if found is None:
        raise QueryError(
            f"{definition.selector.file}: the columns cannot be traced: sqlglot does not read this "
            "text as DuckDB does",
            next_step="`catalog explain` without --columns lists its functions and signals",
        )
    return found
