"""Which signal a source means, and whether it is there for every member."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from catalog.errors import SignalError
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, nearest

Kind = Literal["embedding", "losses", "states", "score"]

# How a signal of a kind is made, and the argument that names it.
COMMANDS: dict[str, str] = {
    "embedding": "catalog embed {ref} --encoder {name}",
    "losses": "catalog losses train {ref} --proxy {name}",
    "states": "catalog states {ref} --model {name}",
    "score": "catalog score {ref} {name}",
}
ARGUMENTS: dict[str, str] = {"embedding": "encoder", "losses": "proxy", "states": "model", "score": "name"}
WORDS: dict[str, str] = {"embedding": "embeddings", "losses": "losses", "states": "token states", "score": "score"}
EXAMPLES: dict[str, str] = {"embedding": "all-MiniLM-L6-v2", "losses": "tiny", "states": "tiny", "score": "ifd"}


@dataclass(frozen=True)
class Coverage:
    """One signal, and how much of a pool or subset it covers."""

    signal_id: int
    kind: Kind
    name: str
    identity_sha256: str
    identity: dict[str, Any]
    dimension: int | None
    lance_table: str | None
    lance_version: int | None
    n_with_value: int
    n_without_value: int  # computed, and without a value for a reason that is recorded
    n_members: int

    @property
    def n_missing(self) -> int:
        """Members that nobody computed."""
        return self.n_members - self.n_with_value - self.n_without_value


def coverages(connection: Connection, reference: Reference, *, kind: Kind) -> list[Coverage]:
    """Every signal of a kind with what it covers of a reference, the newest first."""
    at = {"kind": reference.kind, "id": reference.id, "version": reference.version, "signal_kind": kind}
    rows = connection.sql(query("selection/coverage"), params=at).fetchall()
    return [
        Coverage(signal_id, kind, name, sha256, json.loads(identity), *numbers) for signal_id, _, name, sha256, identity, *numbers in rows
    ]


def fullest(candidates: Iterable[Coverage]) -> Coverage:
    """The newest that misses nobody; else the one that misses fewest."""
    return min(candidates, key=lambda found: (found.n_missing, -found.signal_id))


def choose(reference: Reference, candidates: list[Coverage], *, kind: Kind, name: str | None) -> Coverage | SignalError:
    """The signal that a source means, or why there is none to read.

    Args:
        reference: whose members.
        candidates: signals of the kind.
        kind: the kind.
        name: what the query names; None when it leaves the choice.

    Raises:
        SignalError: several fit, and the query must say which.
    """
    wanted = None if name is None else name.rstrip("/").rsplit("/", 1)[-1].lower()
    named = [found for found in candidates if wanted in (None, found.name.lower())]
    covering = [found for found in named if found.n_with_value] or named
    names = sorted({found.name for found in covering})
    if not names:
        known = sorted({found.name for found in candidates})
        made = command(kind, reference, name or EXAMPLES[kind])
        suffix = nearest(str(wanted), known) if wanted and known else ""
        return SignalError(f"{reference} has no {WORDS[kind]}{f' of {name}' if name else ''}{suffix}: `{made}` makes them")
    if len(names) > 1:
        example = f"{ARGUMENTS[kind]} => '{names[0]}'"
        raise SignalError(f"{reference} has {WORDS[kind]} of {' and '.join(names)}: say which, as {example}")
    return fullest(covering)


def shortfall(reference: Reference, found: Coverage) -> SignalError | None:
    """Why a signal cannot be read whole, when members are missing."""
    if not found.n_missing:
        return None
    return SignalError(
        f"{WORDS[found.kind]} of {found.name} cover {found.n_members - found.n_missing:,} of {found.n_members:,} members of "
        f"{reference}: `{command(found.kind, reference, found.name)}` makes the rest"
    )


def command(kind: str, reference: Reference | str, name: str) -> str:
    """The command that makes a signal.

    >>> command("score", "alpaca@2", "ifd")
    'catalog score alpaca@2 ifd'
    """
    return COMMANDS[kind].format(ref=reference, name=name)
