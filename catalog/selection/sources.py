"""The relations that a query starts from: pools, subsets and signals, by reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from catalog.errors import CatalogError
from catalog.store.database import Connection
from catalog.store.references import Reference, resolve


@dataclass(frozen=True)
class Resolved:
    """A source, found: SQL over stored tables, or a reader of what SQL cannot read."""

    reference: Reference
    sql: str | None = None  # what stands in FROM
    load: Callable[..., Any] | None = None  # (connection, columns) to Arrow
    fault: CatalogError | None = None  # why it cannot be read; raised when it is


def pool(connection: Connection, ref: str) -> Resolved:
    """A pool as it was at a version; or a subset, which is a relation like a pool."""
    found = resolve(connection, ref)
    if found.kind == "subset":
        return Resolved(found, sql=f"subset_at({found.id})")
    return Resolved(found, sql=f"pool_at({found.id}, {found.version})")


def subset(connection: Connection, ref: str) -> Resolved:
    """A subset's members, with their rank and why."""
    found = resolve(connection, ref, kind="subset")
    return Resolved(found, sql=f"subset_at({found.id})")


SOURCES: dict[str, Callable[..., Resolved]] = {"pool": pool, "subset": subset}
