"""Places of members on the page's map: the pool's map, or else its principal components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalog.errors import AmbiguousSignalError, QueryError, SignalError
from catalog.query.executor import Limits
from catalog.report.reading import read
from catalog.signals.kinds.map import layouts
from catalog.store.quoting import literal
from catalog.store.references import Reference
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa

COMPONENTS = (
    "(SELECT instruction_id, x::FLOAT AS x, y::FLOAT AS y FROM project("
    "(SELECT instruction_id, fingerprint, vector FROM embeddings($pool)), method => 'pca'))"
)
"""Relation of the principal components in a selector."""

Places = tuple["pa.Table", Mapping[str, Any]]


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
    for way in (_of_map, _of_components):
        try:
            return way(store, reference, limits, notes)
        except (SignalError, QueryError) as error:
            notes.append(error.message)
    return None, None


def _of_map(store: Store, reference: Reference, limits: Limits, notes: list[str]) -> Places:
    """Return the places of the map; of several, the first in the order of `Layout`."""
    try:
        return read(store, "map", reference, limits=limits), _named("map", "map($pool)")
    except AmbiguousSignalError as error:
        method, *others = layouts(error.names)
        notes.append(f"the map of {' and '.join(others)}: the page shows the map of {method}")
    table = read(store, "map_by_method", reference, limits=limits, method=method)
    return table, _named(f"map of {method}", f"map($pool, method => {literal(method)})")


def _of_components(store: Store, reference: Reference, limits: Limits, _: list[str]) -> Places:
    table = read(store, "principal_components", reference, limits=limits)
    return table, _named("principal components of the embeddings", COMPONENTS)


def _named(name: str, relation: str) -> Mapping[str, Any]:
    return {"name": name, "relation": relation}
