"""Warnings about a selection: fewer members than the budget, clusters without a member."""

from __future__ import annotations

import json
from typing import Any

from catalog.messages import argument, quantity
from catalog.selection.definition import Definition
from catalog.selection.run import SelectionResult

ALL = "all"
"""The budget that takes every member that is eligible."""

MIXTURE = "mixture"
"""The kernel that has a budget of its own."""


def warnings_of(chosen: SelectionResult) -> tuple[str, ...]:
    """Return what a user should know about a selection's members."""
    definition, n_members = chosen.definition, chosen.members.num_rows
    warnings = []
    has_own_budget = MIXTURE in definition.content["functions"]
    is_open = definition.asked.lower() == ALL
    if chosen.shortfall and not has_own_budget and not is_open:
        verb = "is" if n_members == 1 else "are"
        warnings.append(
            f"only {quantity(n_members, 'member')} of {definition.source} {verb} eligible for a "
            "budget of "
            f"{definition.asked if definition.tokens else format(definition.budget, ',')}"
        )
    if n_members:
        warnings += _uncovered(definition, chosen)
    return tuple(warnings)


def _uncovered(definition: Definition, chosen: SelectionResult) -> list[str]:
    """Return a warning where clusters got no member although each should get one a round.

    A draw by weight owes no cluster a member, so it is not warned about.
    """
    k = definition.given.get("k")
    first = json.loads(chosen.members["why"][0].as_py() or "{}")
    has_rounds = {"cluster", "cluster_size", "round"} <= first.keys()
    by_source = "source" in first
    if not isinstance(k, int) or not has_rounds or (definition.budget >= k and not by_source):
        return []
    whys = [json.loads(why) for why in chosen.members["why"].to_pylist()]
    last_rounds = _last_rounds(whys)
    if min(last_rounds.values()) > 1:
        return []  # every cluster gave a member before any gave a second one
    n_sources = len(last_rounds)
    if definition.budget >= k * n_sources or _n_covered(whys) == definition.n_members:
        return []
    if by_source and n_sources == len(whys):
        return [_one_a_source(definition.budget, n_sources)]
    return [_too_few(definition.budget, k, n_sources, by_source=by_source)]


def _last_rounds(whys: list[dict[str, Any]]) -> dict[str | None, int]:
    """Return the last round of each source; of the whole pool under None."""
    last: dict[str | None, int] = {}
    for why in whys:
        source = why.get("source")
        last[source] = max(why["round"], last.get(source, 0))
    return last


def _n_covered(whys: list[dict[str, Any]]) -> int:
    """Return how many members the clusters have that gave at least one."""
    sizes = {(why.get("source"), why["cluster"]): why["cluster_size"] for why in whys}
    return sum(sizes.values())


def _one_a_source(budget: int, n_sources: int) -> str:
    return (
        f"a budget of {budget:,} is one member of each of {quantity(n_sources, 'source')}: "
        "other clusters, and sources beyond, get nothing"
    )


def _too_few(budget: int, k: int, n_sources: int, *, by_source: bool) -> str:
    clusters = quantity(k, "cluster")
    if by_source:
        clusters += f" in each of {quantity(n_sources, 'source')}"
    fitting = max(1, budget // (2 * n_sources))
    setting = argument("settings", {"k": fitting}, flag=f"--set k={fitting}")
    return (
        f"a budget of {budget:,} is less than {clusters}, so the smallest get nothing: "
        f"{setting} covers them"
    )
