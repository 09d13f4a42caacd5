"""Groups of near-duplicate members as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.errors import QueryError, SignalError
from catalog.query.executor import Limits
from catalog.report.reading import read
from catalog.store.references import Reference
from catalog.store.store import Store

MOST_COMPARED = 100_000
"""Members of a report whose near-duplicates are listed; every pair of vectors is compared."""

N_GROUPS = 100
N_MEMBERS = 6
"""Members of a group that are listed."""

WAYS = (("meaning", 0.95), ("text", 0.8))
"""What is compared, and from which similarity on: embeddings by cosine, else texts by MinHash."""


def duplicates(
    store: Store, reference: Reference, positions: Mapping[str, int], *, limits: Limits | None
) -> dict[str, Any]:
    """Return the largest groups of near-duplicates, and how many members have one.

    Embeddings are compared if every member has one, else prompts and responses.

    Args:
        store: the catalog's files and database.
        reference: whose members.
        positions: the place of each fingerprint on the page.
        limits: memory and time.

    Returns:
        ``by`` (meaning or text), ``threshold``, ``n_members``, ``n_groups``, and ``groups`` of
        ``ids``, ``size`` and ``similarity`` (the greatest to another member).
    """
    for by, threshold in WAYS:
        try:
            table = read(
                store, f"duplicates_by_{by}", reference, limits=limits, threshold=threshold
            )
        except (SignalError, QueryError):
            if by == WAYS[-1][0]:
                raise
            continue
        break
    groups = table.slice(0, N_GROUPS).to_pylist()
    return {
        "by": by,
        "threshold": threshold,
        "n_members": sum(table["size"].to_pylist()),
        "n_groups": table.num_rows,
        "groups": [
            {
                "ids": [positions[each] for each in group["fingerprints"][:N_MEMBERS]],
                "size": group["size"],
                "similarity": round(group["similarity"], 3),
            }
            for group in groups
        ],
    }
