"""Report of a mixture: what each part was asked for, and what it got."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.kernels._common.mixing import Part, read_budget, sizes
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.selection.token_score import TokenScore
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store
from catalog.subsets.select import Selected

LAST_SELECT = "\nSELECT instruction_id, pool AS part"

NOTHING = {"achieved": 0, "available": 0, "n_members": 0, "n_rows": 0, "ran_out": True}
"""Counts of a part whose every member belongs to an earlier part."""


@dataclass(frozen=True)
class MixedPart:
    """Part of a mixture.

    Attributes:
        part: as asked for, such as ``alpaca:s2l``.
        size: as asked for, such as ``40%`` or ``rest``.
        reference: what it draws from, ``name@version``.
        asked: its size in rows or tokens; None for ``all``. The rest is asked for what the sizes
            of the other parts leave of the budget.
        achieved: rows or tokens that it got.
        available: rows or tokens of the members that belong to no earlier part, each once.
        n_members: members of it in the mixture.
        n_rows: rows that these are.
        epochs: what it got, as a share of all its rows or tokens.
        ran_out: whether it has too few members for its size.
    """

    part: str
    size: str
    reference: str
    asked: float | None
    achieved: int
    available: int
    n_members: int
    n_rows: int
    epochs: float
    ran_out: bool


@dataclass(frozen=True)
class Mixture(NotebookResult):
    """Mixture of several pools and subsets.

    Attributes:
        reference: the subset that holds it, ``name@version``.
        is_new: False when the same definition was selected before.
        unit: of sizes: ``rows`` or ``tokens``.
        budget: as asked for.
        achieved: rows or tokens in all.
        n_members: members, each counted once.
        n_rows: rows that these are.
        parts: in the order in which they were asked for.
        warnings: what a user should know, such as an overlap with a pool for evaluation.
    """

    reference: str
    is_new: bool
    unit: str
    budget: str
    achieved: int
    n_members: int
    n_rows: int
    parts: tuple[MixedPart, ...]
    warnings: tuple[str, ...] = ()


def reported(
    store: Store,
    selected: Selected,
    parts: Sequence[Part],
    sources: Sequence[Reference],
    *,
    budget: str,
    tokens: TokenScore | None,
    limits: Limits,
) -> Mixture:
    """Return what a mixture took of each part."""
    definition = selected.definition
    head = definition.selector.text.partition(LAST_SELECT)[0]
    text = f"{head}\n{query('mix/parts')}"
    rows = run(store, text, parameters=definition.given, name="mix", limits=limits).to_pylist()
    by_name = {row["pool"]: row for row in rows}
    found = [by_name.get(source.name, NOTHING) for source in sources]
    asked = sizes(parts, [row["available"] for row in found], budget=read_budget(budget))
    mixed = tuple(map(_mixed, parts, sources, asked, found))
    return Mixture(
        str(selected.reference),
        selected.is_new,
        "tokens" if tokens else "rows",
        budget,
        sum(each.achieved for each in mixed),
        selected.n_members,
        sum(each.n_rows for each in mixed),
        mixed,
        selected.warnings,
    )


def _mixed(part: Part, source: Reference, asked: float, row: Mapping[str, Any]) -> MixedPart:
    return MixedPart(
        part=part.name,
        size=part.size,
        reference=str(source),
        asked=None if math.isinf(asked) else asked,
        achieved=row["achieved"],
        available=row["available"],
        n_members=row["n_members"],
        n_rows=row["n_rows"],
        epochs=row["achieved"] / max(row["available"], 1),
        ran_out=row["ran_out"],
    )
