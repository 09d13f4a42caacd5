"""Comment on a build, for a pull request: what changed in each pool and subset, by source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from catalog.messages import quantity
from catalog.project.built import Build, Built
from catalog.query.executor import Limits
from catalog.query.stream import run
from catalog.store.queries import query
from catalog.store.store import Store

MOST = 20
"""Sources that a table lists."""

HEAD = "| source | added | removed | kept |\n|---|---:|---:|---:|"


def comment(store: Store, build: Build, *, limits: Limits | None = None) -> str:
    """Return what a build changed, as Markdown: the difference of members by source.

    A version is compared with the one before it; a new pool or subset lists its members.

    Args:
        store: the catalog's files and database.
        build: its result.
        limits: memory and time of each query.
    """
    parts = [f"### catalog build of `{build.file}`"]
    changed = [each for each in build.made if each.reference]
    if not changed:
        parts.append(
            f"No pool or subset changed; {quantity(build.n_kept, 'entry was', 'entries were')} "
            "current."
        )
    for each in changed:
        rows = diff_by_source(store, str(each.reference), limits=limits or Limits())
        parts.append("\n".join(_section(each, rows)))
    others = [f"- {each.summary}" for each in build.made if not each.reference]
    if others:
        parts.append("\n".join(others))
    if build.differences:
        lines = [f"- {each}" for each in build.differences]
        parts.append("\n".join(["**Not as in `catalog.lock`**", "", *lines]))
    return "\n\n".join(parts) + "\n"


def diff_by_source(
    store: Store, reference: str, *, before: str | None = None, limits: Limits
) -> list[dict[str, Any]]:
    """Return the members that were added, removed and kept, by source.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset.
        before: what it is compared with; by default the version before, if it has one.
        limits: memory and time.
    """
    name, _, version = reference.partition("@")
    if before is None and version.isdigit() and int(version) > 1:
        before = f"{name}@{int(version) - 1}"
    parameters = {"after": reference} | ({"before": before} if before else {})
    block = "diff_by_source" if before else "by_source"
    rows = run(store, query(f"projects/{block}"), parameters=parameters, limits=limits)
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def _section(built: Built, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    totals = {key: sum(row[key] for row in rows) for key in ("n_added", "n_removed", "n_kept")}
    yield f"**{built.summary}**: {'; '.join(built.why)}"
    yield ""
    yield HEAD
    for row in rows[:MOST]:
        yield _row(str(row["source"]).replace("|", "\\|"), row)
    if len(rows) > MOST:
        rest = rows[MOST:]
        yield _row(
            f"{len(rest):,} more sources", {key: sum(row[key] for row in rest) for key in totals}
        )
    if len(rows) > 1:
        yield _row("**all**", totals)


def _row(title: str, row: Mapping[str, Any]) -> str:
    return f"| {title} | {row['n_added']:,} | {row['n_removed']:,} | {row['n_kept']:,} |"
