"""Sources without a catalog: relations of the right columns and no rows, for checking a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache, wraps
from typing import Any, Literal

import duckdb

from catalog.query.resolved import Resolved
from catalog.query.source_columns import MEMBER, OPAQUE
from catalog.query.sources import SOURCES, Source
from catalog.store.connection import Connection
from catalog.store.migrate import migrate
from catalog.store.quoting import quoted
from catalog.store.references import Reference

DIMENSION = 384
"""Of the vectors of a sketch, since some functions take vectors of a known length only."""


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
    vector = f"FLOAT[{DIMENSION}]"
    columns = "".join(
        f", CAST(NULL AS {type_}) AS {quoted(name)}" for name, type_ in scores.items()
    )
    relations: dict[str, dict[str, Any]] = {
        "pool": {"sql": "pool_at(0, 1)"},
        "pools": {"sql": "(SELECT *, '' AS pool, 0::BIGINT AS rank FROM pool_at(0, 1))"},
        "subset": {"sql": "subset_at(0)"},
        "score": {"sql": "score_at('pool', 0, 1, 0)"},
        "scores": {"sql": f"(SELECT instruction_id, fingerprint{columns} FROM instructions)"},
        "labels": {"sql": "signal_labels_at('pool', 0, 1, 0)"},
        "trajectories": {"columns": MEMBER | {"losses": "FLOAT[]"}},
        "embeddings": {"columns": MEMBER | {"vector": vector}},
        "map": {"columns": MEMBER | {"x": "FLOAT", "y": "FLOAT"}},
        "marks": {"sql": "marks_at('pool', 0, 1, 0)"},
        "token_states": {"columns": MEMBER | {"n_tokens": "INTEGER", "states": OPAQUE}},
        "gradients": {"columns": MEMBER | {"vector": vector}},
        "text_embeddings": {"columns": {"text": "VARCHAR", "vector": vector}},
        "matches": {"sql": "word_matches_at('pool', 0, 1, 'text')"},
        "label_embeddings": {"columns": {"label": "VARCHAR", "vector": vector}},
    }
    return {name: _sketch(SOURCES[name], relations[name]) for name in SOURCES}


def _sketch(source: Source, relation: Mapping[str, Any]) -> Source:
    """Return a source of the same signature that answers a relation."""

    @wraps(source)
    def sketch(_connection: Connection, ref: str, *_more: str, **_options: Any) -> Resolved:
        kind: Literal["pool", "subset"] = "subset" if source.__name__ == "subset" else "pool"
        return replace(Resolved(Reference(kind, ref, 1, 0), **relation), written=ref)

    return sketch
