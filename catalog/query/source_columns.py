"""Columns of sources that SQL cannot read, with their DuckDB types."""

from __future__ import annotations

from catalog.signals.coverage import Coverage

MEMBER = {"instruction_id": "BIGINT", "fingerprint": "VARCHAR"}
OPAQUE = 'STRUCT("(opaque)" BIGINT)'  # what a query passes on and cannot look into
SKETCHED_VECTOR = "FLOAT[384]"
"""The type of vectors without a catalog: some functions take vectors of a known length only."""


def vector_columns(signal: Coverage | None) -> dict[str, str]:
    """Return the columns of a signal of one vector for each member, with their types."""
    return MEMBER | {"vector": vector_type(signal)}


def vector_type(signal: Coverage | None) -> str:
    """Return the type of a signal's vectors; of any length without a signal."""
    return f"FLOAT[{(signal and signal.dimension) or ''}]"
