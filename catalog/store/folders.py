"""Where things are: the SQL that ships with the package, and the parts of a catalog's folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


@cache
def shipped(name: str) -> Path:
    """The folder ``sql``, ``selectors`` or ``migrations``: inside the package when installed, beside it in a checkout."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


@dataclass(frozen=True)
class Home:
    """A catalog is one folder; copying the folder copies the catalog."""

    path: Path

    @property
    def database(self) -> Path:
        """The DuckDB file: pools, signals' shards, losses, scores, subsets."""
        return self.path / "catalog.duckdb"

    @property
    def lock(self) -> Path:
        """The file that is locked around each commit."""
        return self.path / "catalog.lock"

    @property
    def intent(self) -> Path:
        """The file that a writer locks while it waits, so that new readers let it go first."""
        return self.path / "catalog.intent"

    @property
    def vectors(self) -> Path:
        """The LanceDB folder: one table per signal that has vectors."""
        return self.path / "vectors"

    @property
    def media(self) -> Path:
        """Bytes of media that records held, each file under the name of its sha256."""
        return self.path / "media"

    @property
    def models(self) -> Path:
        """Trained proxies and the state of runs in progress."""
        return self.path / "models"

    @property
    def scratch(self) -> Path:
        """What a job writes before it commits; whatever a dead process left here, `gc` sweeps."""
        return self.path / "tmp"
