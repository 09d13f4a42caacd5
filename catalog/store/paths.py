"""Paths of the SQL that ships with the package, and of the parts of a catalog's folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from catalog.errors import OptionError
from catalog.store.folders import Folder
from catalog.store.settings import vectors_folder

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def package_data_dir(name: str) -> Path:
    """Return the folder ``sql``, ``selectors`` or ``migrations``.

    It is inside the package when installed, beside the package in a checkout.
    """
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


@dataclass(frozen=True)
class CatalogPaths:
    """Paths of a catalog, which is one folder; copying it copies all but vectors at a URL."""

    path: Path

    @property
    def database(self) -> Path:
        """Return the DuckDB file: pools, signals' shards, losses, scores, subsets."""
        return self.path / "catalog.duckdb"

    @property
    def lock(self) -> Path:
        """Return the file that is locked around each commit."""
        return self.path / "catalog.lock"

    @property
    def intent(self) -> Path:
        """Return the file that a waiting writer locks, so that new readers let it go first."""
        return self.path / "catalog.intent"

    @property
    def removal(self) -> Path:
        """Return the file that is locked while files are removed, or copied by a backup."""
        return self.path / "catalog.removal"

    @property
    def vectors(self) -> Folder:
        """Return the LanceDB folder, or its URL: one table per signal that has vectors."""
        return vectors_folder(self.path)

    @property
    def media(self) -> Path:
        """Return the folder of media bytes that records held, each file named by its sha256."""
        return self.path / "media"

    @property
    def models(self) -> Path:
        """Trained proxies and the state of runs in progress."""
        return self.path / "models"

    @property
    def kernels(self) -> Path:
        """Return the folder of kernels that users added, one Python file each."""
        return self.path / "kernels"

    @property
    def cache(self) -> Path:
        """Return the folder of kept answers, each of which may be removed at any time."""
        return self.path / "cache"

    @property
    def scratch(self) -> Path:
        """Return the folder for uncommitted files of jobs; `gc` removes what is left over."""
        return self.path / "tmp"


_DUCKDB = b"DUCK"  # in bytes 8 to 12 of every DuckDB file


def refuse_catalog(path: Path) -> None:
    """Refuse a path for a user's file that lies in a catalog's folder, or that is a database.

    Links and ``..`` are followed. A hard link of a database has no folder that tells it, so the
    file's first bytes do.

    Raises:
        OptionError: the path is inside a catalog's folder; a DuckDB database is there.
    """
    try:
        found = path.resolve()
    except RuntimeError:  # how Python before 3.13 says it
        raise OptionError(
            f"{path} is a link that leads back to itself: choose another path"
        ) from None
    home = next(
        (folder for folder in (found, *found.parents) if CatalogPaths(folder).database.is_file()),
        None,
    )
    if home is not None:
        raise OptionError(
            f"{path} is inside the catalog's folder {home}, whose files only the catalog writes: "
            "choose a path outside it"
        )
    if found.is_file() and _is_database(found):
        raise OptionError(
            f"{path} is a DuckDB database, and is not overwritten: choose another path"
        )


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(12)[8:] == _DUCKDB
    except OSError:  # whoever may not read it is told so by who writes
        return False
