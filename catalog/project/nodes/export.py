"""Node of an export: written again if what it holds, or the file, has changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from catalog.errors import OptionError
from catalog.messages import quantity
from catalog.project.entries import ExportEntry
from catalog.project.nodes.files import file_identity
from catalog.project.nodes.node import NOT_BUILT, Made, Making, Node, State, changes


@dataclass(frozen=True, kw_only=True)
class ExportNode(Node):
    """Export of a project; its name is the path."""

    kind: ClassVar[str] = "export"
    export: ExportEntry

    def path(self, state: State) -> Path:
        """Return the path to write."""
        return state.folder / self.name

    def inputs(self, state: State) -> dict[str, Any]:
        """Return what is exported, at its version, and how."""
        reference = state.newest(self.export.from_)
        if "@" in self.export.from_ or reference is None:
            source = self.export.from_
        else:
            source = str(reference)
        options: dict[str, Any] = {"format": self.export.format, "name": self.export.name}
        options |= {"id": None if reference is None else reference.id}
        return {"from": source} | {key: value for key, value in options.items() if value}

    def check(self, state: State) -> tuple[str, ...]:
        """Return what has changed: the members, the options, or the written file."""
        record = state.records.get(self.id)
        if record is None:
            return (NOT_BUILT,)
        found = changes(record.inputs, self.inputs(state))
        data, identity = record.result["data"], record.result["identity"]
        path = state.folder / data
        if not path.is_file():
            found.append(f"{data} is gone")
        elif file_identity(path, identity)["sha256"] != identity["sha256"]:
            found.append(f"{data} has changed since it was written")
        lost = [name for name in record.result["files"] if not (state.folder / name).exists()]
        found += [f"{name} is gone" for name in lost if name != data]
        return tuple(found)

    def claim(self, state: State) -> dict[str, Any] | None:
        """Return the record of a file that is not there yet: it is the build's from now on."""
        if self.id in state.records or self.path(state).is_file():
            return None
        return {"data": self.name, "files": [], "identity": {"sha256": ""}}

    def make(self, making: Making) -> Made:
        """Write the export; a file that no build wrote is kept.

        Raises:
            OptionError: such a file is there.
        """
        state, path, entry = making.state, self.path(making.state), self.export
        is_own = self.id in state.records
        if path.is_file() and not (is_own or entry.overwrite):
            raise OptionError(
                f"{path} exists, and no build wrote it",
                next_step="choose another path, or add `overwrite: true`",
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        done = making.catalog.export(
            entry.from_,
            path,
            format=entry.format,
            name=entry.name,
            allow_lossy=entry.allow_lossy,
            overwrite=is_own or entry.overwrite,
        )
        files = [_relative(file, state.folder) for file in done.files]
        result = {
            "data": files[0],
            "files": files,
            "identity": file_identity(done.files[0]),
            "members_sha256": done.members_sha256,
        }
        lost = tuple(f"{count:,} lost something: {cause}" for cause, count in done.lost.items())
        return Made(
            result, f"{self.name}: {quantity(done.n_rows, 'record')} of {done.reference}", lost
        )


def _relative(path: Path, folder: Path) -> str:
    return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
