"""Node of a pool: its files become the next version if they or its options change."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar

from catalog.messages import quantity
from catalog.pools.options import ReadOptions
from catalog.pools.sources import resolve as resolve_sources
from catalog.project.entries import PoolEntry
from catalog.project.nodes.files import (
    Identity,
    address_identity,
    contents,
    file_identity,
)
from catalog.project.nodes.node import NOT_BUILT, Estimate, Made, Making, Node, State, changes
from catalog.store.file_systems import is_url

HUB = "hf://datasets/"


@dataclass(frozen=True, kw_only=True)
class PoolNode(Node):
    """Pool of a project."""

    kind: ClassVar[str] = "pool"
    pool: PoolEntry

    @property
    def makes(self) -> str:
        """Return the pool's name."""
        return self.name

    def sources(self, folder: Path) -> list[str]:
        """Return what to register: paths below the folder, addresses at their revision."""
        files = self.pool.files
        if isinstance(files, dict):
            return [f"{label}={self._path(file, folder)}" for label, file in files.items()]
        return [self._path(file, folder) for file in files]

    def _path(self, file: str, folder: Path) -> str:
        if not is_url(file):
            return str(folder / Path(file).expanduser())
        owner, slash, rest = file.removeprefix(HUB).partition("/")
        name, _, inside = rest.partition("/")
        is_pinned = "@" in name or not slash
        if file.startswith(HUB) and self.pool.revision and not is_pinned:
            return f"{HUB}{owner}/{name}@{self.pool.revision}/{inside}"
        return file

    def options(self) -> dict[str, Any]:
        """Return the options of `register` that differ from their defaults."""
        names = [each.name for each in fields(ReadOptions) if each.name not in PoolEntry.hidden]
        usual = ReadOptions()
        values = {name: getattr(self.pool, name) for name in (*names, "purpose", "force")}
        return {
            name: value for name, value in values.items() if value != getattr(usual, name, None)
        }

    def identities(self, state: State) -> dict[str, Identity]:
        """Return the identity of each file, by its path from the project's folder."""
        record = state.records.get(self.id)
        known = record.result["files"] if record else {}
        found = {}
        for source in resolve_sources(self.sources(state.folder)):
            name = source.name
            if is_url(name):
                found[name] = address_identity(name)
                continue
            path = Path(name)
            is_inside = path.is_relative_to(state.folder)
            name = (path.relative_to(state.folder) if is_inside else path).as_posix()
            found[name] = file_identity(path, known.get(name))
        return found

    def inputs(self, state: State) -> dict[str, Any]:
        """Return its options, where it comes from, and the hash of each file."""
        files = contents(self.identities(state))
        options = {key: value for key, value in self.options().items() if value}
        labels = self.pool.files if isinstance(self.pool.files, dict) else {}
        described = {"revision": self.pool.revision, "labels": dict(labels)}
        return {"files": files, "options": options} | {k: v for k, v in described.items() if v}

    def check(self, state: State) -> tuple[str, ...]:
        """Return the files and options that have changed, or that others registered since."""
        inputs, record, newest = self.inputs(state), state.records.get(self.id), None
        if record:
            newest = state.newest(self.name)
        if record is None or newest is None:
            return (NOT_BUILT,)
        found = changes(record.inputs, inputs)
        built = record.result["reference"]
        if str(newest) != built:
            found.append(f"{newest} is newer than what was built, {built}")
        elif newest.id != record.result["id"]:
            found.append(f"{built} is another pool than the one that was built")
        return tuple(found)

    def make(self, making: Making) -> Made:
        """Register the files as the pool's members."""
        state = making.state
        done = making.catalog.register(
            self.sources(state.folder), pool=self.name, mode="replace", **self.options()
        )
        reference = f"{self.name}@{done.version}"
        text = f"{reference}: {quantity(done.n_members, 'member')}"
        if not done.is_new_version:
            text += ", unchanged"
        warnings: tuple[str, ...] = ()
        if done.n_quarantined:
            warnings = (
                f"{quantity(done.n_quarantined, 'record was', 'records were')} quarantined",
            )
        found = state.newest(self.name)
        result = {"reference": reference, "files": self.identities(state)}
        return Made(result | {"id": found.id if found else None}, text, warnings)

    def estimate(self, state: State) -> Estimate:
        """Return the time at the rate in bytes of the pools that were built here."""
        n_bytes = sum(each["size"] or 0 for each in self.identities(state).values())
        pools = [each for node, each in state.records.items() if node.startswith(f"{self.kind} ")]
        done = sum(
            each["size"] or 0 for record in pools for each in record.result["files"].values()
        )
        if not done:
            return Estimate(n_bytes=n_bytes)
        seconds = sum(record.seconds for record in pools) * n_bytes / done
        return Estimate(seconds=seconds, n_bytes=n_bytes)
