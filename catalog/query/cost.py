"""The cost of a missing signal, estimated from the cost of others in this catalog."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.command import Command
from catalog.errors import CatalogError, SignalError
from catalog.query.plan import Plan
from catalog.query.resolved import Resolved
from catalog.query.sources.trajectories import trajectories
from catalog.signals.coverage import Coverage
from catalog.signals.kind_options import Kind
from catalog.signals.kinds import KINDS
from catalog.signals.options import TINY
from catalog.signals.resolve import command_for, is_computed, model_of
from catalog.signals.score_definitions import LOSSES, derived_scores
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference

CHARACTERS_PER_TOKEN = 4  # of English, where nothing was measured


@dataclass(frozen=True)
class Need:
    """One signal that a plan reads: its values so far, and the cost of the rest.

    Attributes:
        kind: embedding, losses, states, score or label_embedding.
        name: of the encoder, proxy, model or score.
        n_members: of the pool or subset.
        n_with_value: members that have a value.
        n_without_value: members that have none, for a reason that is recorded.
        n_missing: members that nobody computed.
        n_tokens: of those missing: measured here, else their characters by four.
        seconds: that the missing take, at the rate measured here; None when nothing was measured.
        n_bytes: that the missing take on the disk.
        command: the command that computes or imports them.
        model: the language model that it is computed with, if any.
        is_computed: whether the command computes them; else it imports a file.
    """

    kind: Kind
    name: str
    n_members: int
    n_with_value: int
    n_without_value: int
    n_missing: int
    n_tokens: int
    seconds: float | None
    n_bytes: int
    command: Command
    model: str | None = None
    is_computed: bool = True

    @property
    def title(self) -> str:
        """Return its title, such as ``losses of tiny``."""
        return KINDS[self.kind].title(self.name)


def missing_signals(faults: list[tuple[str, CatalogError]], needs: Iterable[Need]) -> CatalogError:
    """Return one error about all missing signals, with every command that a query needs.

    Args:
        faults: each with its location; at least one.
        needs: of the query's plan.
    """
    distinct = {str(fault): (location, fault) for location, fault in reversed(faults)}
    (first_location, first), *others = reversed(distinct.values())
    commands = {getattr(fault, "command", None) for _, fault in distinct.values()}
    before = [
        f"before that, `{need.command}`"
        for need in needs
        if need.n_missing and need.command not in commands
    ]
    texts = [str(first), *(f"{location}: {fault}" for location, fault in others), *before]
    return first.saying("; ".join(texts)).at(first_location)


def needs_of(connection: Connection, planned: Plan) -> tuple[Need, ...]:
    """Return the signals that a plan reads, each once, after those that they depend on."""
    needs: dict[tuple[Command, str], Need] = {}
    for _, resolved in planned.sources:
        for found in _needs(connection, resolved):
            for one in (*_before(connection, resolved, found), found):
                needs[one.command, one.name] = one
    return tuple(needs.values())


def _needs(connection: Connection, resolved: Resolved) -> list[Need]:
    """Return the signals of one source that have values, else the one that it names."""
    if resolved.signals:
        return [need(connection, resolved, signal, signal.kind) for signal in resolved.signals]
    return [need(connection, resolved, None, resolved.kind)] if resolved.kind else []


def _before(connection: Connection, resolved: Resolved, found: Need) -> list[Need]:
    """Return what a missing signal depends on: a trained proxy, or trajectories."""
    if not found.n_missing:
        return []
    definition = derived_scores(connection).get(found.name) if found.kind == "score" else None
    if definition and LOSSES in definition.sources:
        try:
            return [
                one
                for one in _needs(connection, trajectories(connection, str(resolved.reference)))
                if one.n_missing
            ]
        except SignalError:  # of several proxies; the command itself says so
            return []
    if found.model != TINY or connection.sql(
        query("selection/trained_proxies"), params={"name": TINY}
    ).fetchall() != [(0,)]:
        return []
    return [
        need(connection, Resolved(resolved.reference, kind="losses", name=TINY), None, "losses")
    ]


def need(connection: Connection, resolved: Resolved, signal: Coverage | None, kind: Kind) -> Need:
    """Return the values and the cost of one signal of a source."""
    reference = resolved.reference
    name = signal.name if signal else resolved.name or KINDS[kind].example
    scores = derived_scores(connection) if kind == "score" else None
    n_missing, n_characters = _missing(connection, reference, signal)
    n_members = signal.n_members if signal else n_missing
    n_tokens, seconds, n_values = (
        float(n_characters / CHARACTERS_PER_TOKEN),
        None,
        KINDS[kind].values_per_instruction,
    )
    measured = connection.sql(query("selection/cost"), params={"kind": kind}).fetchall()
    alike = [row for row in measured if row[0] == name]
    measured = (
        alike if alike or kind == "score" else measured
    )  # a count costs nothing beside a depth
    if measured:
        _, dimension, n_done, seconds_done, n_tokens_done = measured[0]
        seconds = float(seconds_done) / n_done * n_missing
        n_tokens = float(n_tokens_done or 0) / n_done * n_missing or n_tokens
        n_values = (dimension or 1) * KINDS[kind].vectors_per_instruction
    return Need(
        kind=kind,
        name=name,
        n_members=n_members,
        n_with_value=signal.n_with_value if signal else 0,
        n_without_value=signal.n_without_value if signal else 0,
        n_missing=n_missing,
        n_tokens=round(n_tokens),
        seconds=seconds,
        n_bytes=n_missing * n_values * KINDS[kind].bytes_per_value,
        command=resolved.command or command_for(kind, reference, name, signal, scores=scores),
        model=model_of(kind, name, signal, scores=scores),
        is_computed=is_computed(kind, name, signal, scores=scores),
    )


def _missing(
    connection: Connection, reference: Reference, signal: Coverage | None
) -> tuple[int, int]:
    if signal is not None and not signal.n_missing:
        return 0, 0
    at = reference.parameters | {"signal_id": signal.signal_id if signal else -1}
    n_instructions, n_characters = connection.sql(
        query("selection/n_characters"), params=at
    ).fetchall()[0]
    return int(n_instructions), int(n_characters)
