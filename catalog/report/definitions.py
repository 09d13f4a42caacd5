"""Definitions of subsets as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.store.references import resolve
from catalog.store.store import Store
from catalog.subsets.store import stored

SHOWN = ("selector", "budget", "seed", "n_members", "definition_sha256", "members_sha256")


def definitions(store: Store, references: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each subset was made from: its selector's text, parameters and hashes."""
    with store.reading() as connection:
        records = [
            (str(found), stored(connection, found))
            for found in (resolve(connection, reference) for reference in references)
            if found.kind == "subset"
        ]
    return [
        {"reference": reference}
        | {name: record[name] for name in SHOWN}
        | {
            "sql": record["selector_text"] or record["definition"].get("sql", ""),
            "parameters": record["definition"].get("parameters", {}),
            "selected_at": f"{record['created_at']:%Y-%m-%d %H:%M} UTC",
        }
        for reference, record in records
    ]
