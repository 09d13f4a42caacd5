"""The graph of a lineage: things with their hashes, and what was made from what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["subset", "pool", "signal", "model", "file", "export", "run"]


@dataclass(frozen=True)
class LineageNode:
    """One thing in a lineage.

    Attributes:
        id: identifies the node in its graph, such as ``subset best@1``.
        kind: subset, pool, signal, model, file, export or run.
        title: its name.
        summary: its size or hash, for a drawing; may be empty.
        details: everything recorded about it.
    """

    id: str
    kind: Kind
    title: str
    summary: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class Lineage:
    """The lineage of one version of a pool or subset.

    Attributes:
        reference: the pool or subset, as ``name@version``.
        nodes: everything that it was made from or that was made from it, itself included.
        edges: pairs of ids; the second was made from the first.
    """

    reference: str
    nodes: tuple[LineageNode, ...]
    edges: tuple[tuple[str, str], ...]

    @property
    def root(self) -> LineageNode:
        """Return the node of the pool or subset itself."""
        return next(
            node
            for node in self.nodes
            if node.title == self.reference and node.kind in ("pool", "subset")
        )

    def made_from(self, node: LineageNode) -> list[LineageNode]:
        """Return what a node was made from, in the order of the graph."""
        ids = {before for before, after in self.edges if after == node.id}
        return [each for each in self.nodes if each.id in ids]

    def used_by(self, node: LineageNode) -> list[LineageNode]:
        """Return what was made from a node, in the order of the graph."""
        ids = {after for before, after in self.edges if before == node.id}
        return [each for each in self.nodes if each.id in ids]

    def layers(self) -> dict[str, int]:
        """Return the layer of each node by id: 0 for the root, less for what it was made from.

        A node is before everything that was made from it.
        """
        layers = {self.root.id: 0}
        for step, sign in ((self.made_from, -1), (self.used_by, 1)):
            todo = [self.root]
            while todo:
                node = todo.pop()
                for other in step(node):
                    layer = layers[node.id] + sign
                    if other.id not in layers or (layer - layers[other.id]) * sign > 0:
                        layers[other.id] = layer
                        todo.append(other)
        return layers

    def as_dict(self) -> dict[str, Any]:
        """Return the graph for JSON."""
        nodes = [
            {"id": node.id, "kind": node.kind, "title": node.title, "details": dict(node.details)}
            for node in self.nodes
        ]
        edges = [{"from": before, "to": after} for before, after in self.edges]
        return {"reference": self.reference, "nodes": nodes, "edges": edges}

    def _repr_html_(self) -> str:
        from catalog.subsets.lineage.svg import svg

        return svg(self)


def tree_lines(lineage: Lineage, *, is_forward: bool) -> Iterator[tuple[int, LineageNode, bool]]:
    """Yield the nodes of one direction as a tree below the root.

    Yields:
        the depth from 1, the node, and whether its own branches were yielded before.
    """
    step = lineage.used_by if is_forward else lineage.made_from
    seen: set[str] = set()
    todo = [(1, node) for node in reversed(step(lineage.root))]
    while todo:
        depth, node = todo.pop()
        branches = step(node)
        is_repeated = node.id in seen and bool(branches)
        seen.add(node.id)
        yield depth, node, is_repeated
        if not is_repeated:
            todo += [(depth + 1, branch) for branch in reversed(branches)]
