"""The reference of project files, from the classes that read them."""

from __future__ import annotations

from typing import Any

import docstrings

from catalog.project import fields
from catalog.project.entries import (
    ExportEntry,
    MixtureEntry,
    PoolEntry,
    Sections,
    SelectionEntry,
    SplitEntry,
)
from catalog.project.entries import SignalEntry as Signals

HEAD = """# Project files

Every key of `catalog.yaml`. [Describe a project](../how-to/projects.md) shows how they are used.
Where a list is expected, one item alone serves.
"""
ENTRIES = {
    "Pool": PoolEntry,
    "Selection": SelectionEntry,
    "Mixture": MixtureEntry,
    "Split": SplitEntry,
    "Export": ExportEntry,
}


def pages() -> dict[str, str]:
    """Return the page of project files by its path."""
    parts = [HEAD, _section("File", Sections)]
    parts += [_section(title, owner) for title, owner in ENTRIES.items()]
    parts.append(
        "## Signals\n\nThe first key of an entry is its verb, whose value are the pools.\n"
    )
    parts += [_section(each.verb, each, level=3) for each in fields.alternatives(Signals)]
    return {"reference/project.md": "\n".join(parts)}


def _section(title: str, owner: Any, *, level: int = 2) -> str:
    rows = [
        f"| `{each.key}` | {docstrings.inline(each.help)} | {_default(each)} |"
        for each in fields.entry_fields(owner)
    ]
    table = "\n".join(["| key | meaning | default |", "|---|---|---|", *rows])
    summary = docstrings.inline(fields.summary(owner))
    return f"{'#' * level} {title}\n\n{summary}\n\n{table}\n"


def _default(field: fields.EntryField) -> str:
    if field.is_required:
        return "required"
    if field.default in (None, (), [], {}):
        return ""
    default = field.default[0] if isinstance(field.default, list) else field.default
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
