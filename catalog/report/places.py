"""Places of members on the page's map: the pool's map, or else its principal components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalog.errors import QueryError, SignalError
from catalog.query.executor import Limits
from catalog.report.reading import read
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

WAYS = (
    ("map", "map", "map($pool)"),
    (
        "principal components",
        "principal_components",
        "(SELECT instruction_id, x::FLOAT AS x, y::FLOAT AS y FROM project("
        "(SELECT instruction_id, fingerprint, vector FROM embeddings($pool)), method => 'pca'))",
    ),
)
"""Name of a map, the query that reads it, and its relation in a selector."""


def places(
    store: Store, reference: Reference, limits: Limits, notes: list[str]
) -> tuple[pa.Table | None, Mapping[str, Any] | None]:
    """Return ``fingerprint``, ``x`` and ``y`` of the members, and what the page knows of the map.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        limits: memory and time of each query.
        notes: receives what is missing for the map.

    Returns:
        Nothing of either where the members have no embeddings.
    """
    for name, statement, relation in WAYS:
        try:
            table = read(store, statement, reference, limits=limits)
        except (SignalError, QueryError) as error:
            notes.append(error.message)
            continue
        return table, {"name": name, "relation": relation}
    return None, None
