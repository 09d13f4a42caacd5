"""A lineage as a Mermaid flowchart, which GitHub and many documentation sites draw."""

from __future__ import annotations

from catalog.subsets.lineage.graph import Lineage, LineageNode

SHAPES = {
    "subset": ('(["', '"])'),
    "pool": ('[("', '")]'),
    "signal": ('["', '"]'),
    "model": ('{{"', '"}}'),
    "file": ('[/"', '"/]'),
    "export": ('[\\"', '"\\]'),
    "run": ('(("', '"))'),
}
"""The brackets of each kind of node."""


def mermaid(lineage: Lineage) -> str:
    """Return the flowchart; the same lineage gives the same text."""
    names = {node.id: f"n{number}" for number, node in enumerate(lineage.nodes)}
    lines = ["flowchart LR", f"    accTitle: Lineage of {lineage.reference}"]
    lines += [f"    {names[node.id]}{_shaped(node)}" for node in lineage.nodes]
    lines += [f"    {names[before]} --> {names[after]}" for before, after in lineage.edges]
    lines.append(f"    style {names[lineage.root.id]} stroke-width:3px")
    return "\n".join(lines) + "\n"


def _shaped(node: LineageNode) -> str:
    start, end = SHAPES[node.kind]
    parts = (f"{node.kind} {_escaped(node.title)}", _escaped(node.summary))
    return start + "<br/>".join(part for part in parts if part) + end


def _escaped(text: str) -> str:
    """Return a text without characters that Mermaid reads as its own."""
    codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;"}
    return "".join(codes.get(character, character) for character in " ".join(text.split()))
