"""Read what the page shows of a pool or subset, by the statements of `sql/queries/report.sql`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


def read(
    store: Store, name: str, reference: Reference | str, *, limits: Limits | None, **values: Any
) -> pa.Table:
    """Return the answer of one statement.

    Args:
        store: the catalog's files and database.
        name: of the statement, such as ``members``.
        reference: whose members it reads; its ``$reference``.
        limits: memory and time.
        values: its other parameters.

    Raises:
        CatalogError: as `catalog.query.stream.run` says.
    """
    name = f"report/{name}"
    parameters = {"reference": str(reference)} | values
    return run(store, query(name), parameters=parameters, name=name, limits=limits)
