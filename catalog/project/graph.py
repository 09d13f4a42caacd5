"""Graph of a project: its nodes, each after those that it is made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter

from catalog.errors import ProjectError
from catalog.project.expand import nodes_of
from catalog.project.file import ProjectFile
from catalog.project.nodes.mixture import MixtureNode
from catalog.project.nodes.node import Node, State, placed
from catalog.project.nodes.signal import SignalNode
from catalog.project.nodes.subset import SubsetNode
from catalog.store.references import check_name, check_reference, nearest


@dataclass(frozen=True)
class Graph:
    """Nodes of a project.

    Attributes:
        nodes: in the order in which they are made.
        before: the ids of the nodes that each is made from, by its id.
    """

    nodes: tuple[Node, ...]
    before: Mapping[str, frozenset[str]]

    def wanted(self, names: Iterable[str]) -> list[Node]:
        """Return the nodes of some names or globs, with all that they are made from.

        Raises:
            ProjectError: nothing in the project has that name.
        """
        names = list(names)
        if not names:
            return list(self.nodes)
        todo = [node.id for name in names for node in self._named(name)]
        ids: set[str] = set()
        while todo:
            each = todo.pop()
            if each not in ids:
                ids.add(each)
                todo += self.before[each]
        return [node for node in self.nodes if node.id in ids]

    def _named(self, name: str) -> list[Node]:
        found = [
            node
            for node in self.nodes
            if name in (node.entry, node.id) or fnmatchcase(node.name, name)
        ]
        if not found:
            known = [node.name for node in self.nodes]
            raise ProjectError(f"the project makes no {name!r}{nearest(name, known)}")
        return found


def project_graph(project: ProjectFile, state: State) -> Graph:
    """Return the graph of a project.

    Raises:
        ProjectError: a name is not valid, stands twice or is not of the project, or entries are
            made from each other; the message has ``file:line:column``.
    """
    makers: dict[str, Node] = {}
    nodes = _numbered(nodes_of(project, state))
    for node in nodes:
        if node.makes is not None and _checked(node) in makers:
            raise ProjectError(
                f"the name {node.makes} is taken by the entry {makers[node.makes].entry!r}",
                location=node.place,
            )
        if node.makes is not None:
            makers[node.makes] = node
    read = {node.id: _read(node, makers, state) for node in nodes}
    signals = _signals(nodes)
    before = {
        node.id: frozenset(
            {makers[name].id for name in read[node.id]}
            | _signals_of(node, makers, signals, read)
            | _earlier(node, nodes)
        )
        for node in nodes
    }
    return Graph(_sorted(nodes, before), before)


def _numbered(nodes: Iterable[Node]) -> list[Node]:
    """Return nodes with different ids: entries that differ in options alone get a number."""
    found: dict[str, Node] = {}
    for node in nodes:
        name, number = node.name, 1
        while node.makes is None and f"{node.kind} {name}" in found:
            number += 1
            name = f"{node.name} {number}"
        unique = replace(node, name=name)
        key = unique.id if unique.id not in found else f"{unique.id} {len(found)}"
        found[key] = unique
    return list(found.values())


def _checked(node: Node) -> str:
    return str(placed(node.place, check_name, node.makes))


def _read(node: Node, makers: Mapping[str, Node], state: State) -> set[str]:
    """Return the names in the project that a node reads.

    Raises:
        ProjectError: a name is not of the project.
    """
    for name in node.reads:
        placed(node.place, check_reference, name)
        if name not in makers:
            hint = nearest(name, list(makers))
            raise ProjectError(
                f"the project has no pool or subset {name!r}{hint}", location=node.place
            )
    found = {*node.reads}
    if isinstance(node, SubsetNode):
        found |= placed(node.place, node.references, state) & makers.keys()
    return found


def _signals(nodes: Iterable[Node]) -> dict[str, set[str]]:
    """Return the ids of the nodes that compute signals, by pool or subset."""
    found: dict[str, set[str]] = {}
    for node in nodes:
        if isinstance(node, SignalNode):
            found.setdefault(node.reads[0], set()).add(node.id)
    return found


def _signals_of(
    node: Node,
    makers: Mapping[str, Node],
    signals: Mapping[str, set[str]],
    read: Mapping[str, set[str]],
) -> set[str]:
    """Return the signals of all pools and subsets that a subset or mixture comes from."""
    if not isinstance(node, SubsetNode | MixtureNode):
        return set()
    todo, seen = list(read[node.id]), set[str]()
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += read[makers[name].id]
    return {each for name in seen for each in signals.get(name, ())}


def _earlier(node: Node, nodes: list[Node]) -> set[str]:
    """Return the signals of the same pools that stand above a signal: it may be made from them."""
    if not isinstance(node, SignalNode):
        return set()
    above = nodes[: nodes.index(node)]
    return {
        each.id
        for each in above
        if isinstance(each, SignalNode) and not {*each.reads}.isdisjoint(node.reads)
    }


def _sorted(nodes: list[Node], before: Mapping[str, frozenset[str]]) -> tuple[Node, ...]:
    by_id = {node.id: node for node in nodes}
    order = {each: sorted(before[each], key=list(by_id).index) for each in by_id}
    try:
        return tuple(by_id[each] for each in TopologicalSorter(order).static_order())
    except CycleError as error:
        cycle = [by_id[each] for each in error.args[1]]
        names = " -> ".join(node.name for node in reversed(cycle))
        raise ProjectError(f"made from each other: {names}", location=cycle[0].place) from None
