"""Subsets beside each other and beside random draws of their size, as the page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalog.query.executor import Limits
from catalog.store.store import Store
from catalog.subsets.compare import compare


def compared(
    store: Store, references: Sequence[str], *, limits: Limits | None = None
) -> dict[str, Any]:
    """Return measures, the spread of random draws, overlap and notes of references.

    See `catalog.subsets.compare.compare`.

    Coverage is measured on the first two principal components, which take no minutes.
    """
    if not references:
        return {"rows": [], "spread": {}, "overlap": [], "notes": []}
    comparison = compare(store, references, projection="pca", limits=limits).as_dict()
    return {name: comparison[name] for name in ("rows", "spread", "overlap", "notes")}
