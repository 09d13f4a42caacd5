"""Group of a subset or mixture, which its definition does not hold."""

from __future__ import annotations

from catalog.project.nodes.node import State, changes
from catalog.subsets.store import set_group, stored


def group_changes(state: State, name: str, group: str | None) -> list[str]:
    """Return how the group of the newest version of a subset differs from the entry's."""
    before = _group(state, name)
    return changes({"group": before}, {"group": group})


def regroup(state: State, name: str, group: str | None) -> None:
    """Give the newest version of a subset the group of its entry, if it has another."""
    reference = state.newest(name)
    if reference is not None and _group(state, name) != group:
        with state.store.writing() as connection:
            set_group(connection, reference, group)


def _group(state: State, name: str) -> str | None:
    reference = state.newest(name)
    if reference is None:
        return None
    with state.store.reading() as connection:
        group: str | None = stored(connection, reference)["group_name"]
        return group
