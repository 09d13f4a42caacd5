"""Which signal a source means, and whether it is there for every member."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from catalog.errors import SignalError
from catalog.signals.options import options, settings_of
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, nearest

Kind = Literal["embedding", "losses", "states", "score", "label_embedding"]

# How a signal of a kind is made, and the argument that names it.
COMMANDS: dict[str, str] = {
    "embedding": "catalog embed {ref} --encoder {name}",
    "losses": "catalog losses train {ref} --proxy {name}",
    "states": "catalog states {ref} --model {name}",
    "score": "catalog score {ref} {name}",
}
# How one that nothing here can compute is brought in; FILE is the user's.
IMPORTS: dict[str, str] = {
    "losses": "catalog losses import {ref} FILE --proxy {name}",
    "score": "catalog scores import {ref} FILE --name {name}",
    "label_embedding": "catalog register FILE --pool {pool} --labels-column COLUMN",
}
# The scores that are computed here: with a language model, and from what is stored.
BY_MODEL = frozenset(
    (
        "n_tokens",
        "response_loss",
        "answer_loss",
        "perplexity",
        "least_confidence",
        "ifd",
        "ifd_ppl",
        "depth",
        "depth_cheap",
        "rid",
    )
)
COMPUTED = BY_MODEL | {"learnability", "n_labels"}
PROXY = "tiny"  # the model that needs nothing but the pool
ARGUMENTS: dict[str, str] = {
    "embedding": "encoder",
    "losses": "proxy",
    "states": "model",
    "score": "name",
}
WORDS: dict[str, str] = {
    "embedding": "embeddings",
    "losses": "losses",
    "states": "token states",
    "score": "score",
    "label_embedding": "label embeddings",
}
EXAMPLES: dict[str, str] = {
    "embedding": "all-MiniLM-L6-v2",
    "losses": "tiny",
    "states": "tiny",
    "score": "ifd",
    "label_embedding": "all-MiniLM-L6-v2",
}


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
    settings: dict[str, Any] = field(default_factory=dict)  # of it, and of what it is made of

    @property
    def precision(self) -> str | None:
        """What the model took products in; None where no model did, or where an import does not say."""
        return self.settings.get("dtype", self.identity.get("dtype"))

    @property
    def n_missing(self) -> int:
        """Members that nobody computed."""
        return self.n_members - self.n_with_value - self.n_without_value


@dataclass(frozen=True)
class Pins:
    """The signals that a stored definition was made of: what it is planned with again, whatever else has come by their names.

    A signal is told by its identity. Its vectors are only ever added to, so that the newest version
    of its Lance table holds what the version that the definition recorded did.

    Attributes:
        identities: sha256 of each signal's identity.
        is_onto: whether the pool may have grown, and a parameter may have changed, since. An import is of one file and cannot grow, so
            that a newer one of its name is read where it lacks members; and what the definition
            never read is found by name.
        mentioned: the names in the query, in lower case.
        references: the exact reference that each reference was resolved to, by its text, such as
            ``t@1`` by ``t``.
    """

    identities: frozenset[str]
    is_onto: bool = False
    mentioned: frozenset[str] = frozenset()
    references: Mapping[str, str] = field(default_factory=dict)

    def reference(self, text: str) -> str:
        """Return what a reference was resolved to when the definition was made; one that it never read is as it is written.

        >>> Pins(frozenset(), references={"t": "t@1"}).reference("t")
        't@1'
        """
        return self.references.get(text, text)

    def offered(self, candidates: list[Coverage]) -> list[Coverage]:
        """Return the signals that can be columns: those to be read, and others that the query names and does not read."""
        kept = self.kept(candidates)
        names = {found.name for found in kept}
        return kept + [
            found
            for found in candidates
            if found.name not in names and found.name.lower() in self.mentioned
        ]

    def kept(self, candidates: list[Coverage]) -> list[Coverage]:
        """Those of some signals that are to be read from."""
        pinned = [found for found in candidates if found.identity_sha256 in self.identities]
        if self.is_onto and not pinned:
            return candidates
        outgrown = {
            found.name
            for found in pinned
            if self.is_onto and found.n_missing and "imported" in found.identity
        }
        return [found for found in candidates if found in pinned or found.name in outgrown]


def coverages(
    connection: Connection, reference: Reference, *, kind: Kind, pins: Pins | None = None
) -> list[Coverage]:
    """Return every signal of a kind with what it covers of a reference, the newest first; a stale one only where it is pinned."""
    pinned = sorted(pins.identities) if pins else []
    at = reference.parameters | {"signal_kind": kind, "pinned": pinned}
    rows = connection.sql(query("selection/coverage"), params=at).fetchall()
    identities = {sha256: json.loads(identity) for _, _, _, sha256, identity, *_ in rows}
    found = [
        Coverage(signal_id, kind, name, sha256, identities[sha256], *numbers)
        for signal_id, _, name, sha256, _, *numbers in rows
    ]
    return [replace(one, settings=settings_of(one.identity, identities)) for one in found]


def fullest(candidates: Iterable[Coverage]) -> Coverage:
    """Of signals, the newest first, the first that misses nobody; else the one that misses fewest."""
    return min(candidates, key=lambda found: found.n_missing)


def choose(
    reference: Reference,
    candidates: list[Coverage],
    *,
    kind: Kind,
    name: str | None,
    pins: Pins | None = None,
) -> Coverage | SignalError:
    """The signal that a source means, or why there is none to read.

    Args:
        reference: whose members.
        candidates: signals of the kind.
        kind: the kind.
        name: what the query names; None when it leaves the choice.
        pins: which of them a stored definition was made of.

    Raises:
        SignalError: several fit, and the query must say which.
    """
    wanted = None if name is None else name.rstrip("/").rsplit("/", 1)[-1].lower()
    named = [found for found in candidates if wanted in (None, found.name.lower())]
    named = pins.kept(named) if pins else named
    covering = [found for found in named if found.n_with_value] or named
    names = sorted({found.name for found in covering})
    if len(names) > 1 and all(found.n_missing == found.n_members for found in covering):
        names = []  # they are other pools'
    if not names:
        known = sorted({found.name for found in candidates})
        made = command(kind, reference, name or EXAMPLES[kind])
        suffix = nearest(str(wanted), known) if wanted and known else ""
        makes = (
            "brings it in" if " FILE " in made else "makes it" if kind == "score" else "makes them"
        )
        said = f"{reference} has no {title(kind, name)}{suffix}: "
        if (
            kind == "losses" and known and name and not is_model(name)
        ):  # more likely a slip, or somebody's run, than a model
            said += f"`{IMPORTS[kind].format(ref=reference, name=shlex.quote(str(name)))}` brings them in; where it is a model, "
        return SignalError(f"{said}`{made}` {makes}")
    if len(names) > 1:
        problem = f"{reference} has {WORDS[kind]} of {' and '.join(names)}"
        raise SignalError(problem, choice=(ARGUMENTS[kind], names[0]))
    return fullest(covering)


def shortfall(reference: Reference, found: Coverage) -> SignalError | None:
    """Why a signal cannot be read whole, when members are missing."""
    if not found.n_missing:
        return None
    return SignalError(
        f"{title(found.kind, found.name)} cover{'s' * (found.kind == 'score')} {found.n_members - found.n_missing:,} of "
        f"{found.n_members:,} members of {reference}: `{command(found.kind, reference, found.name, found)}` makes the rest"
    )


def title(kind: str, name: str | None) -> str:
    """A signal as a person says it.

    >>> title("losses", "tiny"), title("score", "ifd"), title("embedding", None)
    ('losses of tiny', 'score ifd', 'embeddings')
    """
    return (
        WORDS[kind]
        if name is None
        else f"{WORDS[kind]} {name}"
        if kind == "score"
        else f"{WORDS[kind]} of {name}"
    )


def command(kind: str, reference: Reference | str, name: str, found: Coverage | None = None) -> str:
    """The command that makes a signal, or goes on with one by the options that it was made with.

    Args:
        kind: of the signal.
        reference: whose members need it.
        name: of the encoder, proxy, model or score.
        found: the signal as far as it is there, which the command goes on with.

    >>> command("score", "alpaca@2", "ifd"), command("score", "alpaca@2", "my score")
    ('catalog score alpaca@2 ifd --model tiny', "catalog scores import alpaca@2 FILE --name 'my score'")
    """
    is_brought = not is_computed(kind, name, found)
    model = model_of(kind, name, found)
    if kind in ("embedding", "losses") and found and not is_brought:
        name = found.settings.get("model", name)
    text = (IMPORTS if is_brought else COMMANDS)[kind].format(
        ref=reference, name=shlex.quote(name), pool=str(reference).partition("@")[0]
    )
    if is_brought:
        return text
    return (
        text
        + (f" --model {shlex.quote(model)}" if kind == "score" and model else "")
        + (options(kind, found.settings) if found else "")
    )


def is_computed(kind: str, name: str, found: Coverage | None = None) -> bool:
    """Whether a command here computes a signal; if not, others have and it is imported.

    >>> is_computed("score", "depth"), is_computed("score", "deita"), is_computed("losses", "tiny")
    (True, False, True)
    """
    is_theirs = found is not None and bool(
        {"imported", "run"} & found.identity.keys()
    )  # a table, or a run that was recorded
    return not is_theirs and kind != "label_embedding" and (kind != "score" or name in COMPUTED)


def is_model(name: str) -> bool:
    """Whether a name is plainly a model's: the one that is made here, a Hugging Face id with its owner, or a path.

    >>> is_model("tiny"), is_model("EleutherAI/pythia-70m"), is_model("my_run")
    (True, True, False)
    """
    return name == PROXY or "/" in name


def model_of(kind: str, name: str, found: Coverage | None = None) -> str | None:
    """The model that a signal is computed with; None where it needs none, or has a name of its own for it."""
    if kind == "states":
        return name
    if kind == "losses" or (kind == "score" and name not in BY_MODEL):
        return None
    return (found.settings.get("model") if found else None) or (PROXY if kind == "score" else None)
