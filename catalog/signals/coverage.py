"""Measure how much of a pool or subset each signal covers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from catalog.signals.kind_options import Kind
from catalog.signals.options import effective_settings
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference


@dataclass(frozen=True)
class Coverage:
    """Signal, and how much of a pool or subset it covers.

    Attributes:
        n_with_value: members that have a value.
        n_without_value: members that were computed and have no value, for a recorded reason.
        details: what describes the signal and changes no value.
        settings: of the signal and its inputs; see `effective_settings`.
    """

    signal_id: int
    kind: Kind
    name: str
    identity_sha256: str
    identity: dict[str, Any]
    dimension: int | None
    lance_table: str | None
    lance_version: int | None
    n_with_value: int
    n_without_value: int
    n_members: int
    details: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def precision(self) -> str | None:
        """Return the precision of the model's products; None without a model or a record of it."""
        return self.settings.get("dtype", self.identity.get("dtype"))

    @property
    def n_missing(self) -> int:
        """Return the number of members that were not computed yet."""
        return self.n_members - self.n_with_value - self.n_without_value

    @property
    def is_external(self) -> bool:
        """Tell whether the values were imported, or recorded in a user's run."""
        return bool({"imported", "run"} & self.identity.keys())


@dataclass(frozen=True)
class PinnedSignals:
    """Signals that a stored definition reads, whatever signals of their names were added since.

    A signal is pinned by its identity. Its vectors are only ever appended, so the newest version of
    its Lance table contains what the recorded version did.

    Attributes:
        identities: sha256 of each signal's identity.
        is_onto: whether the definition runs again on a pool that may have grown. An import cannot
            grow: where it lacks members, a newer import of its name is read. Signals that the
            definition never read are found by name.
        mentioned: the names in the query, in lower case.
        references: the exact reference that each reference was resolved to, such as ``t@1`` for
            ``t``.
        marks: the newest change of marks that was read of each exact reference.
    """

    identities: frozenset[str]
    is_onto: bool = False
    mentioned: frozenset[str] = frozenset()
    references: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, int] = field(default_factory=dict)

    def reference(self, text: str) -> str:
        """Return what a reference was resolved to, or the reference itself if it was never read.

        >>> PinnedSignals(frozenset(), references={"t": "t@1"}).reference("t")
        't@1'
        """
        return self.references.get(text, text)

    def offered(self, candidates: list[Coverage]) -> list[Coverage]:
        """Return the signals that can be columns: those to read and others that the query names."""
        kept = self.kept(candidates)
        names = {coverage.name for coverage in kept}
        others = [
            coverage
            for coverage in candidates
            if coverage.name not in names and coverage.name.lower() in self.mentioned
        ]
        return kept + others

    def kept(self, candidates: list[Coverage]) -> list[Coverage]:
        """Return those of some signals that are to be read."""
        pinned = [each for each in candidates if each.identity_sha256 in self.identities]
        if self.is_onto and not pinned:
            return candidates
        outgrown = {
            each.name
            for each in pinned
            if self.is_onto and each.n_missing and "imported" in each.identity
        }
        return [each for each in candidates if each in pinned or each.name in outgrown]


def coverages(
    connection: Connection, reference: Reference, *, kind: Kind, pins: PinnedSignals | None = None
) -> list[Coverage]:
    """Return every signal of a kind with its coverage of a reference, the newest first.

    A stale signal is returned only where it is pinned.
    """
    pinned = sorted(pins.identities) if pins else []
    parameters = reference.parameters | {"signal_kind": kind, "pinned": pinned}
    rows = connection.sql(query("selection/coverage"), params=parameters).fetchall()
    identities = {sha256: json.loads(identity) for _, _, _, sha256, identity, *_ in rows}
    every = [
        (Coverage(signal_id, kind, name, sha256, identities[sha256], *numbers), details)
        for signal_id, _, name, sha256, _, *numbers, details in rows
    ]
    return [
        replace(
            each,
            details=json.loads(details or "{}"),
            settings=effective_settings(each.identity, identities),
        )
        for each, details in every
    ]


def most_complete(candidates: Iterable[Coverage]) -> Coverage:
    """Return the signal that lacks the fewest members; of several the first, the newest."""
    return min(candidates, key=lambda coverage: coverage.n_missing)


def preferred(candidates: list[Coverage], wanted: Mapping[str, str]) -> list[Coverage]:
    """Return, of signals of one name, those with the wanted settings, if they have any value."""
    meant = [
        each
        for each in candidates
        if each.n_with_value and all(each.identity.get(key) == wanted[key] for key in wanted)
    ]
    names = {each.name for each in meant}
    return [each for each in candidates if each in meant or each.name not in names]
