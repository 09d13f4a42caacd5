"""Node of a signal: computed or imported for the members that lack it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from catalog.messages import quantity
from catalog.project.nodes.files import Identity, contents, file_identity
from catalog.project.nodes.node import NOT_BUILT, Estimate, Made, Making, Node, State, changes
from catalog.project.signal_entries import SignalVerb
from catalog.query.cost import Need, need
from catalog.query.resolved import Resolved
from catalog.signals.coverage import coverages
from catalog.signals.score_definitions import derived_scores
from catalog.store.queries import query
from catalog.store.references import Reference


@dataclass(frozen=True, kw_only=True)
class SignalNode(Node):
    """Signals of one pool or subset, by one verb."""

    kind: ClassVar[str] = "signal"
    verb: SignalVerb
    source: str

    @cached_property
    def signals(self) -> frozenset[tuple[str, str]]:
        """Return the kind and name of each signal, as a selection names it."""
        names = (name.rstrip("/").rsplit("/", 1)[-1].lower() for name in self.verb.signal_names)
        return frozenset((self.verb.kind, name) for name in names)

    def _located(self, state: State, name: str, value: Any) -> Any:
        """Return an option's value; a file or folder of the project by its path."""
        path = state.folder / str(value)
        is_file = name in self.verb.files or (name in self.verb.models and path.is_dir())
        return str(path) if is_file and value is not None else value

    def _models(self, state: State) -> dict[str, Path]:
        """Return the folders of the models that lie in the project."""
        values = {name: getattr(self.verb, name) for name in self.verb.models}
        paths = {str(value): state.folder / str(value) for value in values.values() if value}
        return {name: path for name, path in paths.items() if path.is_dir()}

    def identities(self, state: State) -> dict[str, Identity]:
        """Return the identity of each file and model's folder that it reads."""
        record = state.records.get(self.id)
        known: Mapping[str, Any] = record.result.get("files", {}) if record else {}
        paths = {
            value: state.folder / value
            for value in (getattr(self.verb, name) for name in self.verb.files)
        } | self._models(state)
        return {name: file_identity(path, known.get(name)) for name, path in paths.items()}

    def inputs(self, state: State) -> dict[str, Any]:
        """Return its options, the hashes of the files that it reads, and those of its formulas."""
        options = {each.name: getattr(self.verb, each.name) for each in self.verb.given()}
        inputs = {"options": options, "files": contents(self.identities(state))}
        formulas = self._formulas(state)
        return inputs | ({"formulas": formulas} if formulas else {})

    def _formulas(self, state: State) -> dict[str, str]:
        """Return the hash of each derived score's file."""
        if self.verb.kind != "score" or not state.store.database.exists():
            return {}
        with state.store.reading() as connection:
            known = derived_scores(connection)
        names = [name for name in self.verb.signal_names if name in known]
        return {name: hashlib.sha256(known[name].text.encode()).hexdigest() for name in names}

    def check(self, state: State) -> tuple[str, ...]:
        """Return the options and files that have changed, and how many members lack it."""
        inputs, record = self.inputs(state), state.records.get(self.id)
        reference = state.newest(self.source)
        if record is None or reference is None:
            return (NOT_BUILT,)
        found = changes(record.inputs, inputs)
        parameters = reference.parameters | {"identities": list(record.result["signals"])}
        with state.store.reading() as connection:
            rows = connection.sql(query("projects/gaps"), params=parameters).fetchall()
        n_missing = max((row[1] for row in rows), default=0)
        if n_missing:
            found.append(f"{quantity(n_missing, 'member')} of {reference} lack it")
        return tuple(found)

    def make(self, making: Making) -> Made:
        """Compute or import the signals."""
        state = making.state
        keywords = {
            name: self._located(state, name, value) for name, value in self.verb.keywords().items()
        }
        if making.progress and self.verb.has_progress:
            keywords["progress"] = making.progress
        arguments = [
            self._located(state, name, value)
            for name, value in zip(self.verb.positional, self.verb.arguments(), strict=False)
        ] or self.verb.arguments()
        done = getattr(making.catalog, self.verb.call)(self.source, *arguments, **keywords)
        reports = _reports(done)
        n_done = max(map(_n_members, reports))
        notes = tuple(note for each in reports for note in getattr(each, "notes", ()))
        identities = [each.signal.identity_sha256 for each in reports]
        result = {"signals": identities, "files": self.identities(state)}
        return Made(result, f"{self.name}: {quantity(n_done, 'member')}", notes)

    def estimate(self, state: State) -> Estimate:
        """Return the cost of the members that lack it, at the rates measured in this catalog."""
        reference = state.newest(self.source)
        is_imported = bool(self.verb.files) and self.verb.call.startswith("import")
        if reference is None or is_imported:
            return super().estimate(state)
        names = [name for _, name in sorted(self.signals)]
        needs = [_need(state, reference, self.verb.kind, name) for name in names]
        seconds = [each.seconds for each in needs if each.seconds is not None]
        n_missing = max((each.n_missing for each in needs), default=0)
        with state.store.reading() as connection:
            params = {"scores": names}
            ((cost,),) = connection.sql(query("projects/call_cost"), params=params).fetchall()
        return Estimate(
            seconds=sum(seconds) if len(seconds) == len(needs) else None,
            n_bytes=sum(each.n_bytes for each in needs),
            cost=None if cost is None else cost * n_missing,
            n_instructions=n_missing,
        )


def _need(state: State, reference: Reference, kind: Any, name: str) -> Need:
    with state.store.reading() as connection:
        found = coverages(connection, reference, kind=kind)
        coverage = next((each for each in found if each.name.lower() == name), None)
        return need(connection, Resolved(reference, kind=kind, name=name), coverage, kind)


def _n_members(report: Any) -> int:
    """Return the members that a computation, an import or an index gave something."""
    names = ("n_computed", "n_with_value", "n_rows")
    return next((getattr(report, name) for name in names if hasattr(report, name)), 0)


def _reports(done: Any) -> list[Any]:
    """Return the reports of a computation or an import."""
    if isinstance(done, list):
        return done
    return list(getattr(done, "reports", (done,)))
