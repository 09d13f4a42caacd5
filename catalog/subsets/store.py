"""Stored subsets: numbered versions that never change, each with everything that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.arrow import from_numpy
from catalog.selection.definition import Definition
from catalog.selection.run import SelectionResult
from catalog.store import vectors
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store


def find_same(connection: Connection, definition: Definition, *, name: str) -> Reference | None:
    """Return the version of a subset that this definition made."""
    rows = connection.sql(
        query("subsets/same_definition"),
        params={"definition_sha256": definition.sha256, "name": name},
    ).fetchall()
    if rows:
        return Reference("subset", name, rows[0][1], rows[0][0])
    return None


def write_subset(
    connection: Connection,
    store: Store,
    chosen: SelectionResult,
    *,
    name: str,
    environment: Mapping[str, Any],
    seconds: float,
) -> Reference:
    """Write the next version of a subset, and pin the vectors that it was made from.

    Call it inside a writing transaction.

    Args:
        connection: the transaction's.
        store: the catalog's files and database.
        chosen: the members in rank order, and what they follow from.
        name: of the subset.
        environment: versions of what computed, for the record.
        seconds: that it took.
    """
    ((subset_id,),) = connection.sql("SELECT nextval('subset_ids')").fetchall()
    ((version,),) = connection.sql(query("subsets/next_version"), params={"name": name}).fetchall()
    definition = chosen.definition
    pool_id, pool_version = _pool_of(connection, definition.reference)
    row = {
        "subset_id": subset_id,
        "name": name,
        "version": version,
        "selector": definition.selector.name,
        "pool_id": pool_id,
        "pool_version": pool_version,
        "budget": definition.budget,
        "seed": definition.seed,
        "n_members": chosen.members.num_rows,
        "definition": json.dumps(definition.content, sort_keys=True, ensure_ascii=False),
        "definition_sha256": definition.sha256,
        "members_sha256": chosen.sha256,
        "environment": json.dumps(environment),
        "seconds": seconds,
        "selector_text": definition.selector.text,
        "budget_asked": definition.asked,
    }
    connection.execute(query("subsets/insert"), row)
    ranks = from_numpy(np.arange(1, chosen.members.num_rows + 1))
    connection.register("chosen", chosen.members.append_column("rank", ranks))
    connection.execute(query("subsets/insert_members"), {"subset_id": subset_id})
    for signal in definition.content["signals"]:
        if signal["lance_table"] and signal["lance_version"] is not None:
            vectors.pin(
                store,
                signal["lance_table"],
                version=signal["lance_version"],
                tag=f"subset-{subset_id}",
            )
    return Reference("subset", name, version, subset_id)


def stored(connection: Connection, reference: Reference) -> dict[str, Any]:
    """Everything about one version of a subset; ``definition`` and ``environment`` parsed."""
    record: dict[str, Any] = (
        connection.sql(query("subsets/get"), params={"subset_id": reference.id})
        .to_arrow_table()
        .to_pylist()[0]
    )
    return record | {key: json.loads(record[key]) for key in ("definition", "environment")}


def members(connection: Connection, reference: Reference) -> list[str]:
    """Return the fingerprints of a subset's members, in rank order."""
    rows = connection.sql(query("subsets/members"), params={"subset_id": reference.id}).fetchall()
    return [fingerprint for (fingerprint,) in rows]


def pool_reference(connection: Connection, record: Mapping[str, Any]) -> str:
    """Return the version of the pool that a subset's members come from, as ``name@version``.

    Args:
        connection: a reader's.
        record: what `stored` returns of the subset.
    """
    params = {"pool_id": record["pool_id"]}
    ((name,),) = connection.sql(query("pools/name"), params=params).fetchall()
    return f"{name}@{record['pool_version']}"


def list_subsets(connection: Connection) -> pa.Table:
    """Return every version of every subset."""
    return connection.sql(query("subsets/list")).to_arrow_table()


def _pool_of(connection: Connection, source: Reference) -> tuple[int, int]:
    """Return the pool that a source's members come from in the end."""
    if source.kind == "pool":
        return source.id, source.version
    record = (
        connection.sql(query("subsets/get"), params={"subset_id": source.id})
        .to_arrow_table()
        .to_pylist()[0]
    )
    return record["pool_id"], record["pool_version"]
