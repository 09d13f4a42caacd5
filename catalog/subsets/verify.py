"""Verification: a subset's definition runs again, and the members are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from catalog.errors import (
    InterruptedQueryError,
    OptionError,
    QueryError,
    SelectionError,
    SignalError,
)
from catalog.notebook import NotebookResult
from catalog.query.executor import Limits
from catalog.query.kernels import kernels_of
from catalog.selection.definition import Definition
from catalog.selection.run import choose, members_sha256
from catalog.signals.kinds import KINDS
from catalog.signals.options import effective_settings
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store
from catalog.subsets.definition_changes import selector_changes
from catalog.subsets.store import members, stored
from catalog.subsets.stored_definition import define_again, is_of_0_1, lost_references

FIRST = 10  # differences that are shown
OF_0_1 = "made by 0.1, whose definitions cannot always be made again; its members are kept"


@dataclass(frozen=True)
class Verification(NotebookResult):
    """Result of a verification: is the subset the same, and where does it first differ?

    Attributes:
        reference: ``name@version``.
        is_same: the same members in the same order.
        n_members: as stored.
        n_rows: as stored: a member that stands several times is several rows.
        n_different: rows at which the two differ; all, where it cannot be made again.
        differences: the first of them: (number of the row, stored fingerprint or None, fingerprint
            now or None).
        causes: what has changed since the subset was made: a pool, subset or signal that is
            gone, the code, the stored members.
    """

    reference: str
    is_same: bool
    n_members: int
    n_rows: int
    n_different: int
    differences: tuple[tuple[int, str | None, str | None], ...]
    causes: tuple[str, ...]


def verify(store: Store, text: str, *, limits: Limits | None = None) -> Verification:
    """Run a subset's definition again, from the versions and signals that it read, and compare.

    Raises:
        ReferenceNotFoundError: no such subset.
    """
    limits = limits or Limits(use_cache=False)
    with store.reading() as connection:
        reference = resolve(connection, text, kind="subset")
        record = stored(connection, reference)
        before = members(connection, reference)
        gone = _gone(connection, record["definition"])
    gone += _gone_kernels(store, record["definition"])
    if gone:
        return _impossible(reference, before, gone)
    try:
        definition = define_again(store, record["definition"], limits=limits)
        now = choose(store, definition, limits=limits).rows
    except (OptionError, QueryError, SelectionError, SignalError) as error:
        if not is_of_0_1(record) or isinstance(error, InterruptedQueryError):
            raise
        return _impossible(reference, before, (f"{OF_0_1}: {error}",))
    found = _compared(reference, record, definition, before, now)
    if not found.n_different:
        return found
    changes = selector_changes(store, record["definition"])
    return replace(found, causes=(*found.causes, *changes))


def _impossible(reference: Reference, before: list[str], causes: tuple[str, ...]) -> Verification:
    """Return the verification of a subset that cannot be made again."""
    n_rows = len(before)
    return Verification(str(reference), False, len({*before}), n_rows, n_rows, (), causes)


def _compared(
    reference: Reference,
    record: Mapping[str, Any],
    definition: Definition,
    before: list[str],
    now: list[str],
) -> Verification:
    pairs = enumerate(zip_longest(before, now), start=1)
    differences = [(rank, old, new) for rank, (old, new) in pairs if old != new]
    causes = list(_causes(record["definition"], definition.content))
    if differences:
        causes += _changed_sources(record["definition"], definition.content)
    is_as_written = members_sha256(before) == record["members_sha256"]
    if not is_as_written:
        causes.append("the stored members are not those that were written")
    if differences and is_of_0_1(record):
        causes.append(OF_0_1)
    elif differences and not causes:
        causes.append(f"no cause is recorded; it reads {_read(definition.content)}")
    is_same = is_as_written and not differences
    return Verification(
        str(reference),
        is_same,
        len({*before}),
        len(before),
        len(differences),
        tuple(differences[:FIRST]),
        tuple(causes),
    )


def _gone(connection: Connection, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the definition read and the catalog no longer has, without labels' vectors."""
    signals = [
        signal for signal in content.get("signals", ()) if signal["kind"] != "label_embedding"
    ]
    keys = ({"identity_sha256": signal["identity_sha256"], "or_stale": True} for signal in signals)
    found = [connection.sql(query("signals/find"), params=key).fetchall() for key in keys]
    lost = [each for each, rows in zip(signals, found, strict=True) if not rows]
    references = tuple(
        f"{each} it was made from: gone" for each in lost_references(connection, content)
    )
    return references + tuple(
        f"the {_titled(each)} it was made from: gone{_instead(connection, each)}" for each in lost
    )


def _gone_kernels(store: Store, content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the kernels that the definition calls and the catalog no longer has."""
    known = kernels_of(store).names
    lost = sorted(name for name in content.get("functions", ()) if name not in known)
    return tuple(f"the kernel {name} it was made with: gone" for name in lost)


def _instead(connection: Connection, signal: Mapping[str, Any]) -> str:
    """Say in which precision the catalog has a signal of that kind and name."""
    rows = connection.sql(
        query("signals/named"), params={"kind": signal["kind"], "name": signal["name"]}
    ).fetchall()
    found = sorted(
        {
            str(flat["dtype"])
            for row in rows
            if (flat := effective_settings(json.loads(row[4]), {})).get("dtype")
        }
    )
    if found:
        return f"; there are others of that name in {' and '.join(found)}"
    return ""


def _titled(signal: Mapping[str, Any]) -> str:
    """Return a signal as a person says it, with its precision."""
    precision = signal.get("precision")
    title = KINDS[signal["kind"]].title(signal["name"])
    if precision:
        return f"{title} (precision {precision})"
    return title


def _read(content: Mapping[str, Any]) -> str:
    return ", ".join(
        [each["reference"] for each in content["references"]]
        + [_titled(each) for each in content["signals"]]
    )


def _causes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    causes = []
    known = {each["reference"] for each in before["references"]} | {before["pool"]}
    others = [each["reference"] for each in now["references"] if each["reference"] not in known]
    if others:
        causes.append(f"{', '.join(others)} read now: it was made from {', '.join(sorted(known))}")
    causes += [f"the members of {name} have changed" for name in _changed_targets(before, now)]
    if _signals(before) != _signals(now):
        other = [
            _titled(each)
            for each in now["signals"]
            if each["identity_sha256"] not in _signals(before)
        ]
        causes.append("another signal is read now" + (f": {', '.join(other)}" if other else ""))
    changed = _changed("functions", before, now)
    if changed:
        causes.append(f"{', '.join(changed)}: another version")
    changed = _changed("macros", before, now)
    if changed:
        causes.append(f"the code of {', '.join(changed)} has changed")
    return tuple(causes)


def _changed_sources(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a possible cause of other members: kernels of the same version, and another source."""
    others = _changed("functions", before, now)
    changed = [name for name in _changed("kernel_sha256", before, now) if name not in others]
    if not changed:
        return ()
    return (f"possible cause: the source of {', '.join(changed)} has changed, its version has not",)


def _changed(kind: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the names of one kind whose values differ; none where they were not recorded."""
    recorded = before.get(kind, now[kind])
    return sorted(name for name, value in now[kind].items() if recorded.get(name) != value)


def _changed_targets(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return the targets whose members are not those that were recorded."""
    hashes = {each["reference"]: each.get("members_sha256") for each in before["references"]}
    return [
        each["reference"]
        for each in now["references"]
        if hashes.get(each["reference"]) not in (None, each.get("members_sha256"))
    ]


def _signals(content: Mapping[str, Any]) -> list[str]:
    """Which signals were read; their Lance versions may grow."""
    return sorted(signal["identity_sha256"] for signal in content["signals"])
