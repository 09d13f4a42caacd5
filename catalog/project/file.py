"""Read a project file: YAML into the classes of `catalog.project.entries`, each with its place.

Every message names ``file:line:column``. Unknown keys are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.errors import Location, ProjectError
from catalog.project.entries import Sections
from catalog.project.reader import Reader
from catalog.project.stamp import NAME

LARGEST = 4 * 2**20
"""Bytes of a project file."""


@dataclass(frozen=True)
class ProjectFile:
    """Project file.

    Attributes:
        path: of the file; other paths are relative to its folder.
        sections: its content.
        places: the place of each key and item, by the keys that lead to it.
    """

    path: Path
    sections: Sections
    places: Mapping[tuple[str | int, ...], Location]

    @property
    def folder(self) -> Path:
        """Return the folder of the file."""
        return self.path.parent

    def place(self, *keys: str | int) -> Location:
        """Return the place of a key, or of the nearest one above it."""
        while keys and keys not in self.places:
            keys = keys[:-1]
        return self.places[keys]


def read_project(path: Path) -> ProjectFile:
    """Read a project file.

    Raises:
        ProjectError: there is no such file, it is no YAML, or a key or value is not valid; the
            message has ``file:line:column``.
    """
    import yaml

    text = _text(path)
    reader = Reader(str(path))
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            raise ProjectError("the file is empty", location=Location(str(path), 1, 1))
        sections = reader.read(root, Sections, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "no YAML"
        raise ProjectError(problem, location=reader.location(mark)) from None
    except yaml.YAMLError as error:
        raise ProjectError(f"no YAML: {error}", location=str(path)) from None
    except RecursionError:
        problem = "an alias refers to itself, or the nesting is too deep"
        raise ProjectError(problem, location=str(path)) from None
    return ProjectFile(path, sections, reader.places)


def _text(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size > LARGEST:
            raise ProjectError(f"more than {LARGEST:,} bytes", location=str(path))
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        step = f"write a project file, or name one with --file; the default is {NAME}"
        problem = error.strerror or "cannot be read"
        raise ProjectError(problem, location=str(path), next_step=step) from None
    except UnicodeDecodeError as error:
        raise ProjectError(f"not UTF-8 at byte {error.start}", location=str(path)) from None
