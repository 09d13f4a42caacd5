"""Quarantined records as the page shows them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from catalog.pools import versions
from catalog.report.plain import plain_rows
from catalog.store.references import Reference
from catalog.store.store import Store

N_RECORDS = 200
LONGEST = 400
"""Characters of a raw record that the page shows."""


def quarantine(store: Store, reference: Reference, *, has_texts: bool = True) -> dict[str, Any]:
    """Return the number of quarantined records by reason, and the first of them.

    Args:
        store: the catalog's files and database.
        reference: a pool; a subset has no quarantine.
        has_texts: whether to return the records too.
    """
    if reference.kind != "pool":
        return {"reasons": {}, "records": []}
    with store.reading() as connection:
        counts = versions.describe(connection, reference, n_examples=0).quarantine
        n_records = N_RECORDS if has_texts else 0
        table = versions.quarantined(connection, reference, reason=None, n_records=n_records)
    records = plain_rows(table)
    for record in records:
        record["raw"] = (record.get("raw") or "")[:LONGEST]
    reasons: Counter[str] = Counter()
    for row in counts.iter_rows(named=True):
        reasons[row["reason"]] += row["n_records"]
    return {"reasons": dict(reasons.most_common()), "records": records}
