"""Discovery of what modules register by decorator, and of what other distributions offer."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.errors import CatalogError, OptionError
from catalog.messages import one_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Plugin:
    """Entry point of another distribution.

    Attributes:
        point: the entry point.
        package: the distribution that offers it.
        version: of that distribution.
    """

    point: EntryPoint
    package: str
    version: str

    @property
    def name(self) -> str:
        """Return the name of the entry point."""
        return self.point.name

    @property
    def place(self) -> str:
        """Return the distribution with its version, and its entry point, for a message."""
        return (
            f"{self.package} {self.version}, entry point {self.name} of {self.point.group} "
            f"({self.point.value})"
        )

    def load(self, *, error: type[CatalogError] = OptionError) -> Any:
        """Import the object that the entry point names.

        Args:
            error: the type of the error that is raised if the import fails.
        """
        try:
            return self.point.load()
        except Exception as cause:  # whatever the import of another package raises
            raise error(f"{self.place}: cannot be imported: {one_line(cause)}") from cause

    def file(self, name: str) -> Path:
        """Return a file in the package that the entry point names, without running its code.

        Raises:
            OptionError: there is no such package, or no such file in it.
        """
        top, *below = self.point.module.split(".")
        spec = importlib.util.find_spec(top)
        folders = (spec and spec.submodule_search_locations) or ()
        paths = [Path(folder, *below, name) for folder in folders]
        for path in paths:
            if path.is_file():
                return path
        raise OptionError(f"{self.place}: expected a package that holds the file {name}")


def plugins(group: str) -> tuple[Plugin, ...]:
    """Return the entry points of a group, such as ``catalog.formats``, in the order of names.

    Distributions in folders that joined `sys.path` since the last call are found too.
    """
    return _plugins(group, tuple(sys.path))


@cache
def _plugins(group: str, _paths: tuple[str, ...]) -> tuple[Plugin, ...]:
    from importlib.metadata import entry_points

    found = []
    for point in sorted(entry_points(group=group)):
        assert point.dist is not None  # entry_points() gives it
        found.append(Plugin(point, point.dist.name, point.dist.version))
    return tuple(found)


@cache
def load_plugins(group: str, *, package: str) -> None:
    """Import every module of a package and every entry point of a group, once.

    Args:
        group: name of an entry-point group, such as ``catalog.formats``.
        package: dotted name of the package whose modules hold the built-in members of the group.

    Raises:
        OptionError: an entry point cannot be imported.
    """
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        importlib.import_module(f"{package}.{module.name}")
    for plugin in plugins(group):
        plugin.load()
