"""Subsets that an entry of a project selects from: joined, narrowed by a condition, or clean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.errors import Location
from catalog.project.nodes.node import State, placed
from catalog.project.nodes.subset import SubsetNode
from catalog.selection.selector import Selector
from catalog.store.references import bare_names
from catalog.subsets.narrow import (
    joined_name,
    joined_selection,
    reads_pools,
    where_name,
    where_selection,
)
from catalog.subsets.overlap.clean import clean_name, clean_selection


def narrowed(
    source: str,
    *,
    where: str | None = None,
    clean_of: Sequence[str] = (),
    is_one: bool = True,
    place: Location,
) -> list[SubsetNode]:
    """Return the subsets to select from, each made from the one before; none for a plain source.

    Args:
        source: pools and subsets, with commas.
        where: condition that members must meet.
        clean_of: pools of test items.
        is_one: whether the selector takes one pool or subset.
        place: of the entry.

    Raises:
        ProjectError: the condition is not valid.
    """
    nodes: list[SubsetNode] = []
    is_narrow = bool(where or clean_of)
    if "," in source and (is_narrow or is_one):
        nodes.append(_node(joined_name(source), joined_selection(), source, place))
    if where:
        before = last_of(nodes, source)
        name = where_name(bare_names(before), where)
        nodes.append(_node(name, placed(place, where_selection, where), before, place))
    for test in clean_of:
        before = last_of(nodes, source)
        selector, settings = clean_selection(test)
        name = clean_name(bare_names(before), bare_names(test))
        nodes.append(_node(name, selector, before, place, test=test, settings=settings))
    return nodes


def takes_several(node: SubsetNode, state: State) -> bool:
    """Return whether a selection's selector takes several pools and subsets as they are."""
    return "," in node.source and reads_pools(node.method(state))


def last_of(nodes: Sequence[SubsetNode], source: str) -> str:
    """Return what to select from: the last subset that is made of a source, or the source."""
    return nodes[-1].name if nodes else source


def _node(
    name: str,
    selector: Selector,
    source: str,
    place: Location,
    *,
    test: str = "",
    settings: Mapping[str, Any] | None = None,
) -> SubsetNode:
    read = ",".join(filter(None, (source, test)))
    return SubsetNode(
        name=name,
        entry=name,
        place=place,
        section="selections",
        selector=selector,
        source=source,
        reads=tuple(bare_names(read).split(",")),
        budget="all",
        settings=settings or {},
        is_made_for_others=True,
    )
