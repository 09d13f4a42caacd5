"""Describe one version of a subset in full: its definition, and its first members."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.notebook import NotebookResult
from catalog.store.database import Connection
from catalog.store.members import without_empty
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.subsets.store import stored

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class SubsetDescription(NotebookResult):
    """Version of a subset.

    Attributes:
        reference: as ``name@version``.
        tags: of this version.
        record: what is stored: selector, budget, seed, n_members, ``definition`` (parameters, SQL,
            signals, functions), both hashes,
            environment, seconds, created_at.
        examples: rank, fingerprint, prompt, response, why of the first members.
    """

    reference: str
    tags: list[str]
    record: dict[str, Any] = field(repr=False)
    examples: pl.DataFrame


def describe_subset(
    connection: Connection, reference: Reference, *, n_examples: int = 3
) -> SubsetDescription:
    """Return one version of a subset in full."""
    tags = connection.sql(query("references/tags"), params={"name": reference.name}).fetchall()
    at = {"subset_id": reference.id, "n": n_examples}
    return SubsetDescription(
        reference=str(reference),
        tags=sorted(tag for tag, tagged in tags if tagged == reference.version),
        record=stored(connection, reference),
        examples=without_empty(
            connection.sql(query("subsets/examples"), params=at).to_arrow_table()
        ),
    )
