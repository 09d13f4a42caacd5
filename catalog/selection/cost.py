"""What a signal that is missing would cost, from what others have cost here."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.selection.coverage import EXAMPLES, WORDS, Coverage, Kind, command
from catalog.selection.sources import Resolved
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference

CHARACTERS_PER_TOKEN = 4  # of English, where nothing was measured
VALUE_BYTES = {"embedding": 4, "states": 2, "losses": 4, "score": 8}  # on disk, each number
N_VALUES = {"embedding": 384, "states": 64 * 128, "losses": 12, "score": 1}  # of an instruction, where nothing was measured


@dataclass(frozen=True)
class Need:
    """One signal that a plan reads: what is there, and what the rest costs.

    Attributes:
        kind: embedding, losses, states or score.
        name: of the encoder, proxy, model or score.
        n_members: of the pool or subset.
        n_with_value: members that have a value.
        n_without_value: members that have none, for a reason that is recorded.
        n_missing: members that nobody computed.
        n_tokens: of those missing: measured here, else their characters by four.
        seconds: that the missing take, at the rate measured here; None when nothing was measured.
        n_bytes: that the missing take on the disk.
        command: what makes them.
    """

    kind: str
    name: str
    n_members: int
    n_with_value: int
    n_without_value: int
    n_missing: int
    n_tokens: int
    seconds: float | None
    n_bytes: int
    command: str

    @property
    def title(self) -> str:
        """As a person says it: ``losses of tiny``."""
        return f"{WORDS[self.kind]} of {self.name}" if self.kind != "score" else f"score {self.name}"


def need(connection: Connection, resolved: Resolved, signal: Coverage | None, kind: Kind) -> Need:
    """What one signal of a source is, has and would cost."""
    reference = resolved.reference
    name = signal.name if signal else resolved.name or EXAMPLES[kind]
    n_missing, n_characters = _missing(connection, reference, signal)
    n_members = signal.n_members if signal else n_missing
    n_tokens, seconds, n_values = float(n_characters / CHARACTERS_PER_TOKEN), None, N_VALUES[kind]
    measured = connection.sql(query("selection/cost"), params={"kind": kind}).fetchall()
    measured = [row for row in measured if row[0] == name] or measured
    if measured:
        _, dimension, n_done, seconds_done, n_tokens_done = measured[0]
        seconds = float(seconds_done) / n_done * n_missing
        n_tokens = float(n_tokens_done or 0) / n_done * n_missing or n_tokens
        n_values = (dimension or 1) * (64 if kind == "states" else 1)
    return Need(
        kind=kind,
        name=name,
        n_members=n_members,
        n_with_value=signal.n_with_value if signal else 0,
        n_without_value=signal.n_without_value if signal else 0,
        n_missing=n_missing,
        n_tokens=round(n_tokens),
        seconds=seconds,
        n_bytes=n_missing * n_values * VALUE_BYTES[kind],
        command=command(kind, reference, name),
    )


def _missing(connection: Connection, reference: Reference, signal: Coverage | None) -> tuple[int, int]:
    if signal is not None and not signal.n_missing:
        return 0, 0
    at = {"kind": reference.kind, "id": reference.id, "version": reference.version, "signal_id": signal.signal_id if signal else -1}
    n_instructions, n_characters = connection.sql(query("selection/n_characters"), params=at).fetchall()[0]
    return int(n_instructions), int(n_characters)
