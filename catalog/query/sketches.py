"""Sources without a catalog: relations of the right columns and no rows, for checking a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, wraps
from typing import Any, Literal

import duckdb

from catalog.query.resolved import Resolved
from catalog.query.sources import DECLARED_SOURCES, SOURCES, Source
from catalog.store.connection import Connection
from catalog.store.migrate import migrate
from catalog.store.quoting import quoted
from catalog.store.references import Reference


def empty_catalog() -> Connection:
    """Return a new connection to a catalog in memory that has every table and no rows."""
    return Connection(_database().cursor())


@cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(":memory:")
    migrate(Connection(database))
    return database


def sketches(scores: Mapping[str, str]) -> dict[str, Source]:
    """Return every source by name; each takes its arguments and resolves no reference.

    Args:
        scores: the columns of ``scores(...)`` with their DuckDB types.
    """
    columns = "".join(
        f", CAST(NULL AS {type_}) AS {quoted(name)}" for name, type_ in scores.items()
    )
    of_scores = {"sql": f"(SELECT instruction_id, fingerprint{columns} FROM instructions)"}
    relations = {name: each.stand_in for name, each in DECLARED_SOURCES.items()}
    relations |= {"scores": of_scores}
    return {name: _sketch(SOURCES[name], relations[name]) for name in SOURCES}


def _sketch(source: Source, relation: Mapping[str, Any]) -> Source:
    """Return a source of the same signature that answers a relation."""

    @wraps(source)
    def sketch(_connection: Connection, ref: str, *_more: str, **_options: Any) -> Resolved:
        kind: Literal["pool", "subset"] = "subset" if source.__name__ == "subset" else "pool"
        return replace(Resolved(Reference(kind, ref, 1, 0), **relation), written=ref)

    return sketch
