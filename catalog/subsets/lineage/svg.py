"""A lineage as an SVG picture: origins on the left, what was made from them on the right."""

from __future__ import annotations

from collections import defaultdict
from html import escape

from catalog.messages import shortened
from catalog.subsets.lineage.graph import Lineage, LineageNode

WIDTH, HEIGHT = 220, 46
GAP_X, GAP_Y = 56, 18
MARGIN = 16
LONGEST = 32
"""Characters of a line in a box."""

FILLS = {
    "subset": "#dbeafe",
    "pool": "#dcfce7",
    "signal": "#fef9c3",
    "model": "#f3e8ff",
    "file": "#f1f5f9",
    "export": "#ffedd5",
    "run": "#fee2e2",
}
STYLE = (
    "text{font:12px sans-serif;fill:#0f172a}.small{font-size:10px;fill:#475569}"
    "rect{stroke:#64748b}.root{stroke:#0f172a;stroke-width:2}"
    "path{fill:none;stroke:#94a3b8}"
)

Place = tuple[int, int]


def svg(lineage: Lineage) -> str:
    """Return the picture; the same lineage gives the same text."""
    places, width, height = _places(lineage)
    described = ", ".join(f"{node.kind} {node.title}" for node in lineage.nodes)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-labelledby="title desc">',
        f'<title id="title">Lineage of {escape(lineage.reference)}</title>',
        f'<desc id="desc">{escape(described)}</desc>',
        f"<style>{STYLE}</style>",
        f'<rect width="{width}" height="{height}" fill="#ffffff" style="stroke:none"/>',
        *(_arrow(places[before], places[after]) for before, after in lineage.edges),
        *(_box(node, places[node.id], is_root=node == lineage.root) for node in lineage.nodes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _places(lineage: Lineage) -> tuple[dict[str, Place], int, int]:
    """Return the left upper corner of each box, and the size of the picture."""
    layers = lineage.layers()
    first = min(layers.values())
    columns: dict[int, list[str]] = defaultdict(list)
    for node in lineage.nodes:
        columns[layers.get(node.id, first) - first].append(node.id)
    places = {
        node: (MARGIN + column * (WIDTH + GAP_X), MARGIN + row * (HEIGHT + GAP_Y))
        for column, nodes in columns.items()
        for row, node in enumerate(nodes)
    }
    n_columns, n_rows = max(columns) + 1, max(map(len, columns.values()))
    width = 2 * MARGIN + n_columns * WIDTH + (n_columns - 1) * GAP_X
    return places, width, 2 * MARGIN + n_rows * HEIGHT + (n_rows - 1) * GAP_Y


def _arrow(start: Place, end: Place) -> str:
    x1, y1 = start[0] + WIDTH, start[1] + HEIGHT // 2
    x2, y2 = end[0], end[1] + HEIGHT // 2
    middle = (x1 + x2) // 2
    return f'<path d="M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"/>'


def _box(node: LineageNode, place: Place, *, is_root: bool) -> str:
    x, y = place
    title, summary = f"{node.kind} {node.title}", shortened(node.summary, LONGEST)
    name = ' class="root"' if is_root else ""
    return (
        f"<g><title>{escape(f'{title}: {node.summary}')}</title>"
        f'<rect{name} x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" '
        f'fill="{FILLS[node.kind]}"/>'
        f'<text x="{x + 10}" y="{y + 19}">{escape(shortened(title, LONGEST))}</text>'
        f'<text class="small" x="{x + 10}" y="{y + 36}">{escape(summary)}</text></g>'
    )
