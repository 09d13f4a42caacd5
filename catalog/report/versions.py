"""Versions of a pool, and how two of them differ, as the page shows them."""

from __future__ import annotations

from typing import Any

from catalog.pools import versions
from catalog.report.plain import plain_rows
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

N_SHOWN = 200
"""Members that only one version has, and that the page shows."""

LONGEST = 400


def pool_versions(store: Store, reference: Reference) -> list[dict[str, Any]]:
    """Return the versions of a pool, oldest first; none of a subset."""
    if reference.kind != "pool":
        return []
    with store.reading() as connection:
        rows = versions.history(connection, reference.name).to_pylist()
    return [
        {"reference": f"{reference.name}@{row['version']}"}
        | {name: row[name] for name in ("n_members", "n_added", "n_removed")}
        for row in rows
    ]


def version_diff(store: Store, left: str, right: str) -> dict[str, Any]:
    """Return how many members came, went and stayed, and the first of those that changed."""
    with store.reading() as connection:
        found = versions.diff(
            connection,
            resolve(connection, left),
            resolve(connection, right),
            n_members=N_SHOWN,
        )
    members = found.members.select("change", "fingerprint", "prompt", "response")
    rows = plain_rows(members.to_arrow())
    for row in rows:
        row |= {name: (row[name] or "")[:LONGEST] for name in ("prompt", "response")}
    counts = {name: getattr(found, name) for name in ("n_added", "n_removed", "n_kept")}
    return {"left": found.left, "right": found.right, "members": rows} | counts
