"""Status of a catalog: subsets behind what they were made from, signals with gaps, old exports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalog.command import Command
from catalog.notebook import NotebookResult
from catalog.signals.coverage import coverages
from catalog.signals.resolve import command_for
from catalog.signals.score_definitions import derived_scores
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store


@dataclass(frozen=True)
class SubsetBehind:
    """Subset whose selection would run on other versions now.

    Attributes:
        reference: its newest version, ``name@version``.
        why: the versions that it read and that there are, one sentence each.
        command: refreshes it.
    """

    reference: str
    why: tuple[str, ...]
    command: str


@dataclass(frozen=True)
class SignalGap:
    """Signal that some members of the newest version of a pool lack.

    Attributes:
        pool: ``name@version``.
        kind: of the signal.
        name: of the signal.
        n_missing: members that lack it.
        n_members: of the pool.
        command: computes or imports the rest.
    """

    pool: str
    kind: str
    name: str
    n_missing: int
    n_members: int
    command: str


@dataclass(frozen=True)
class StaleExport:
    """Export that holds an older version, or whose files have changed.

    Attributes:
        path: of the file or folder.
        reference: what was exported, ``name@version``.
        why: one sentence each.
    """

    path: str
    reference: str
    why: tuple[str, ...]


@dataclass(frozen=True)
class Status(NotebookResult):
    """Status of a catalog.

    Attributes:
        subsets: those that are behind, in the order in which to refresh them.
        signals: those with gaps.
        exports: those that are stale.
    """

    subsets: tuple[SubsetBehind, ...]
    signals: tuple[SignalGap, ...]
    exports: tuple[StaleExport, ...]

    @property
    def is_current(self) -> bool:
        """Return whether nothing is behind."""
        return not (self.subsets or self.signals or self.exports)


def status(store: Store) -> Status:
    """Return what is behind in a catalog; nothing is computed or written.

    Raises:
        HomeNotFoundError: no catalog in that folder.
    """
    with store.reading() as connection:
        return Status(
            tuple(subsets_behind(connection)),
            tuple(_gaps(connection)),
            tuple(_stale_exports(connection)),
        )


def subsets_behind(connection: Connection) -> list[SubsetBehind]:
    """Return the subsets that are behind, each after those that it reads.

    A subset that reads one that is behind is behind too.
    """
    rows = connection.sql(query("status/read")).to_arrow_table().to_pylist()
    why: dict[str, list[str]] = {}
    for row in rows:
        found = _why(row)
        if found:
            why.setdefault(_subset(row), []).append(found)
    while more := {
        _subset(row): f"{row['reference']} is behind"
        for row in rows
        if row["reference"] in why
        and f"{row['reference']} is behind" not in why.get(_subset(row), ())
    }:
        for reference, found in more.items():
            why.setdefault(reference, []).append(found)
    return [_behind(reference, why[reference]) for reference in _ordered(rows, why)]


def _subset(row: Mapping[str, Any]) -> str:
    return f"{row['name']}@{row['version']}"


def _why(row: Mapping[str, Any]) -> str:
    """Return why a subset is behind a reference that it reads; nothing if it is not."""
    if row["newest"] is None:
        return f"{row['reference']} is gone"
    now = f"{row['read_name']}@{row['newest']}"
    if now == row["reference"]:
        return ""
    return f"{row['reference']} was read, there is {now}"


def _ordered(rows: Sequence[Mapping[str, Any]], why: Mapping[str, Any]) -> list[str]:
    """Return the subsets in the order of their names' dependencies."""
    reads: dict[str, set[str]] = {}
    for row in rows:
        reads.setdefault(row["name"], set()).add(str(row["reference"]).partition("@")[0])
    by_name = {reference.partition("@")[0]: reference for reference in why}
    ordered: dict[str, None] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        for other in sorted(reads.get(name, ())):
            if other not in (*above, name):
                add(other, (*above, name))
        if name in by_name:
            ordered.setdefault(by_name[name])

    for name in reads:
        add(name, ())
    return list(ordered)


def _behind(reference: str, why: Iterable[str]) -> SubsetBehind:
    name = reference.partition("@")[0]
    return SubsetBehind(reference, tuple(why), str(Command(("refresh",), "refresh", (name,))))


def _gaps(connection: Connection) -> Iterable[SignalGap]:
    scores = derived_scores(connection)
    for pool, version, kind, name, n_missing, n_members in connection.sql(
        query("status/gaps")
    ).fetchall():
        reference = resolve(connection, f"{pool}@{version}")
        covered = _coverage(connection, reference, kind, name)
        command = command_for(kind, pool, name, covered, scores=scores)
        yield SignalGap(str(reference), kind, name, n_missing, n_members, str(command))


def _coverage(connection: Connection, reference: Reference, kind: Any, name: str) -> Any:
    found = [each for each in coverages(connection, reference, kind=kind) if each.name == name]
    return min(found, key=lambda each: each.n_missing, default=None)


def _stale_exports(connection: Connection) -> Iterable[StaleExport]:
    for name, version, newest, _, path, files, exported_at in connection.sql(
        query("status/exports")
    ).fetchall():
        why = [_version_now(name, version, newest)]
        why += [_file_now(file["path"], exported_at) for file in json.loads(files)]
        found = tuple(each for each in why if each)
        if found:
            yield StaleExport(path, f"{name}@{version}", found)


def _version_now(name: str, version: int, newest: int | None) -> str:
    if newest is None:
        return f"{name} is gone"
    if newest == version:
        return ""
    return f"{name}@{version} was written, there is {name}@{newest}"


def _file_now(path: str, exported_at: datetime) -> str:
    try:
        modified = Path(path).stat().st_mtime
    except OSError:
        return f"{path} is gone"
    is_changed = modified > exported_at.replace(tzinfo=UTC).timestamp() + 1
    if not is_changed:
        return ""
    return f"{path} has changed since"
