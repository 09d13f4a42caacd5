"""The kernels that a SQL text can call: this package's, the catalog's own files, other packages'.

A name that several of them define means the first of these. A kernel's module is imported when a
text calls the kernel.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path

import catalog.kernels
from catalog.errors import QueryError
from catalog.kernels import Kernel
from catalog.kernels._decorator import Origin, kernel_of, require_kernel
from catalog.plugins import Plugin, plugins
from catalog.query.kernel_files import import_kernel_file
from catalog.query.trusted_kernels import require_trusted
from catalog.store.store import Store

GROUP = "catalog.kernels"
"""The entry points under which other packages offer kernels."""

_FILE = re.compile(r"(?P<name>[a-z_][a-z0-9_]*)-(?P<sha256>[0-9a-f]{64})\.py")


class Kernels:
    """The kernels of one catalog, by name.

    Attributes:
        folder: where the catalog keeps the files that its user added; None for no catalog.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder

    @cached_property
    def names(self) -> frozenset[str]:
        """Return every name that SQL can call.

        >>> "kmeans" in Kernels().names, "relation" in Kernels().names
        (True, False)
        """
        return kernel_names() | self.files.keys() | package_kernels().keys()

    def has(self, name: str) -> bool:
        """Return whether SQL can call a name.

        The packages that are installed are read, which takes about 6 ms, only for a name that
        neither this package nor the catalog has.

        >>> Kernels().has("kmeans"), Kernels().has("relation")
        (True, False)
        """
        return name in kernel_names() or name in self.files or name in package_kernels()

    @cached_property
    def files(self) -> Mapping[str, tuple[Path, str]]:
        """Return the path and the recorded sha256 of each kernel that the user added, by name."""
        paths = sorted(self.folder.glob("*.py")) if self.folder else []
        matches = [(path, _FILE.fullmatch(path.name)) for path in paths]
        return {match["name"]: (path, match["sha256"]) for path, match in matches if match}

    def find(self, name: str) -> Kernel:
        """Return a kernel, its module imported.

        Raises:
            ForbiddenQueryError: its file is somebody else's, and this user has not trusted it.
            QueryError: its file has changed since it was added, or does not define it.
        """
        if name in kernel_names():
            return kernel(name)
        if name in self.files:
            path, sha256 = self.files[name]
            require_trusted(name, path, sha256)
            return import_kernel_file(path, name=name, sha256=sha256)
        return _load(package_kernels()[name])

    def get(self, name: str) -> Kernel | None:
        """Return a kernel as `find` does; None if there is none of that name."""
        if not self.has(name):
            return None
        return self.find(name)


class Names(Collection[str]):
    """Some names, and those of the kernels."""

    def __init__(self, others: Collection[str], kernels: Kernels) -> None:
        self.others = others
        self.kernels = kernels

    def __contains__(self, name: object) -> bool:
        """Return whether a name is one of them."""
        return name in self.others or self.kernels.has(str(name))

    def __iter__(self) -> Iterator[str]:
        """Return each of them once."""
        return iter({*self.others, *self.kernels.names})

    def __len__(self) -> int:
        """Return the number of names."""
        return sum(1 for _ in self)


def kernels_of(store: Store) -> Kernels:
    """Return the kernels that the texts of a catalog can call."""
    return Kernels(store.kernels)


@cache
def kernel_names() -> frozenset[str]:
    """Return the names of this package's kernels, found without importing them."""
    folders = map(Path, catalog.kernels.__path__)
    files = [file for folder in folders for file in folder.glob("[!_]*.py")]
    return frozenset(file.stem for file in files)


@cache
def kernel(name: str) -> Kernel:
    """Return one of this package's kernels."""
    module = importlib.import_module(f"catalog.kernels.{name}")
    return require_kernel(module, name, place=module.__name__)


def package_kernels() -> dict[str, Plugin]:
    """Return the entry points of other packages' kernels, by name."""
    return {plugin.name: plugin for plugin in plugins(GROUP)}


def _load(plugin: Plugin) -> Kernel:
    kernel = kernel_of(plugin.load(error=QueryError))
    if kernel is None or kernel.name != plugin.name:
        raise QueryError(
            f"{plugin.place}: expected a function {plugin.name} decorated with @kernel(...)"
        )
    return kernel.made_by(Origin(plugin.package, plugin.version))
