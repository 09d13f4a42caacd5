"""Node of a project, and what a check or a build of it needs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from catalog.errors import CatalogError, Location, ProjectError, ReferenceNotFoundError
from catalog.query.executor import Limits
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, resolve
from catalog.store.store import Store

Answer = TypeVar("Answer")

NOT_BUILT = "not built yet"


@dataclass(frozen=True)
class Record:
    """What a build made of a node: of which inputs, with which result, in how many seconds."""

    inputs: Mapping[str, Any]
    result: Mapping[str, Any]
    seconds: float


@dataclass
class State:
    """Catalog that a project is compared with.

    Attributes:
        store: the catalog's files and database.
        folder: the folder of the project file.
        records: the records of earlier builds, by node.
        limits: memory and time of a selection.
    """

    store: Store
    folder: Path
    records: dict[str, Record] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def read(cls, store: Store, folder: Path, limits: Limits) -> State:
        """Return the state of a catalog, which need not exist yet."""
        state = cls(store, folder, limits=limits)
        if store.database.exists():
            with store.reading() as connection:
                rows = connection.sql(query("projects/builds")).fetchall()
            state.records = {
                node: Record(json.loads(inputs), json.loads(result), seconds)
                for node, inputs, result, seconds in rows
            }
        return state

    def model(self, name: str) -> str:
        """Return what a model's name means: a folder of the project by its path, else the name."""
        path = self.folder / name
        return str(path) if path.is_dir() else name

    def newest(self, name: str) -> Reference | None:
        """Return the newest version of a pool or subset; None if there is none."""
        if not self.store.database.exists():
            return None
        with self.store.reading() as connection:
            return newest(connection, name)


@dataclass(frozen=True)
class Making:
    """What a node is made with.

    Attributes:
        catalog: a `Catalog`.
        call: calls a function of a store within the limits of the catalog.
        state: the catalog's state.
        progress: of a computation of signals.
    """

    catalog: Any
    call: Callable[..., Any]
    state: State
    progress: Callable[[int, int, int], None] | None = None


@dataclass(frozen=True)
class Made:
    """Result of making a node: for the record, and as one line."""

    result: dict[str, Any]
    summary: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Estimate:
    """Cost of making a node; a part without a measurement is None."""

    seconds: float | None = None
    n_bytes: int | None = None
    cost: float | None = None
    n_instructions: int | None = None


@dataclass(frozen=True, kw_only=True)
class Node:
    """Part of a project that is made at once.

    Attributes:
        kind: of the node.
        is_recorded: whether a build records it; what a subset was made of is in its definition.
        name: of the node, unique among those of its kind.
        entry: its key in the project file.
        place: of the entry.
        reads: the names of the pools and subsets that it reads.
    """

    kind: ClassVar[str]
    is_recorded: ClassVar[bool] = True

    name: str
    entry: str
    place: Location
    reads: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Return what identifies the node in a project."""
        return f"{self.kind} {self.name}"

    @property
    def makes(self) -> str | None:
        """Return the name of the pool or subset that it makes; None if it makes none."""
        return None

    def inputs(self, state: State) -> dict[str, Any]:
        """Return the identities of what it is made of."""
        raise NotImplementedError

    def check(self, state: State) -> tuple[str, ...]:
        """Return why it must be made, one reason each; nothing if it is current."""
        raise NotImplementedError

    def claim(self, state: State) -> dict[str, Any] | None:
        """Return a result to record before it is made; None if there is none."""
        return None

    def make(self, making: Making) -> Made:
        """Make it with a call of the catalog."""
        raise NotImplementedError

    def estimate(self, state: State) -> Estimate:
        """Return the cost of making it, from measured rates."""
        record = state.records.get(self.id)
        return Estimate(seconds=record.seconds if record else None)


def placed(place: Location, function: Callable[..., Answer], *args: Any, **kwargs: Any) -> Answer:
    """Call a function; its errors get the place of an entry.

    Raises:
        ProjectError: the function failed.
    """
    try:
        return function(*args, **kwargs)
    except CatalogError as error:
        raise ProjectError(str(error), location=place) from None


def newest(connection: Connection, name: str) -> Reference | None:
    """Return the newest version of a pool or subset; None if there is none."""
    try:
        return resolve(connection, name)
    except ReferenceNotFoundError:
        return None


def changes(before: Mapping[str, Any], now: Mapping[str, Any], *, prefix: str = "") -> list[str]:
    """Return how two mappings of inputs differ, one sentence each.

    >>> changes({"a": {"k": 1}, "b": 2}, {"a": {"k": 3}})
    ['a k was 1, is 3', 'b was 2, is not set']
    """
    found = []
    for key in dict.fromkeys((*before, *now)):
        old, new = before.get(key), now.get(key)
        title = f"{prefix}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found += changes(old, new, prefix=f"{title} ")
        elif old != new:
            found.append(f"{title} was {_shown(old)}, is {_shown(new)}")
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "not set"
    text = str(value)
    return text[:12] if len(text) == 64 else text
