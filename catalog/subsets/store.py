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
from catalog.store.references import Reference, source_parameters
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
    group: str | None = None,
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
        group: of subsets that it belongs to.
    """
    ((subset_id,),) = connection.sql("SELECT nextval('subset_ids')").fetchall()
    ((version,),) = connection.sql(query("subsets/next_version"), params={"name": name}).fetchall()
    definition = chosen.definition
    sources = source_parameters(definition.selectable) | {"subset_id": subset_id}
    row = {
        "subset_id": subset_id,
        "name": name,
        "version": version,
        "selector": definition.selector.name,
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
        "group_name": group,
    }
    connection.execute(query("subsets/insert"), row)
    ranks = from_numpy(np.arange(1, chosen.members.num_rows + 1))
    connection.register("chosen", chosen.members.append_column("rank", ranks))
    connection.execute(query("subsets/insert_sources"), sources)
    connection.execute(query("subsets/insert_members"), sources)
    for signal in definition.content["signals"]:
        if signal["lance_table"] and signal["lance_version"] is not None:
            vectors.pin(
                store,
                signal["lance_table"],
                version=signal["lance_version"],
                tag=f"subset-{subset_id}",
            )
    return Reference("subset", name, version, subset_id)


def set_group(connection: Connection, reference: Reference, group: str | None) -> None:
    """Let a version of a subset belong to a group, or to none, in a writing transaction."""
    params = {"subset_id": reference.id, "group": group}
    connection.execute(query("subsets/set_group"), params)


def stored(connection: Connection, reference: Reference) -> dict[str, Any]:
    """Everything about one version of a subset; ``definition`` and ``environment`` parsed."""
    record: dict[str, Any] = (
        connection.sql(query("subsets/get"), params={"subset_id": reference.id})
        .to_arrow_table()
        .to_pylist()[0]
    )
    return record | {key: json.loads(record[key]) for key in ("definition", "environment")}


def members(connection: Connection, reference: Reference) -> list[str]:
    """Return the fingerprints of a subset's rows, in order; see `SelectionResult.rows`."""
    rows = connection.sql(query("subsets/members"), params={"subset_id": reference.id}).fetchall()
    return [fingerprint for (fingerprint,) in rows]


def ranked_members(connection: Connection, reference: Reference) -> list[str]:
    """Return the fingerprints of a subset's members, each once, in rank order."""
    rows = connection.sql(query("subsets/ranked"), params={"subset_id": reference.id}).fetchall()
    return [fingerprint for (fingerprint,) in rows]


def pools_of(record: Mapping[str, Any]) -> tuple[Reference, ...]:
    """Return the versions of pools that a subset's members come from.

    Args:
        record: what `stored` returns of the subset.
    """
    return tuple(
        Reference("pool", each["pool"].rpartition("@")[0], each["pool_version"], each["pool_id"])
        for each in record["sources"]
    )


def list_subsets(connection: Connection, *, group: str | None = None) -> pa.Table:
    """Return every version of every subset, or of those of a group."""
    return connection.sql(query("subsets/list"), params={"group": group}).to_arrow_table()
