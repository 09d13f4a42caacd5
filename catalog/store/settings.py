"""Settings of one catalog: ``catalog.toml`` in its folder, where something is not the default."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from catalog.errors import OptionError
from catalog.store.folders import Folder, folder_at

FILE = "catalog.toml"


def vectors_folder(home: Path) -> Folder:
    """Return where a catalog's vectors are: a URL of its settings, else the folder `vectors`.

    Raises:
        OptionError: the settings cannot be read.
    """
    settings = home / FILE
    try:
        changed = settings.stat().st_mtime_ns
    except OSError:
        return Folder(str(home / "vectors"))
    return _vectors(settings, changed) or Folder(str(home / "vectors"))


def write_settings(home: Path, *, vectors: str) -> None:
    """Write the settings of a new catalog.

    Raises:
        OptionError: the place of the vectors cannot be opened.
    """
    from catalog.store.atomic import replacing

    place = folder_at(vectors).place.replace("\\", "\\\\").replace('"', '\\"')
    with replacing(home / FILE) as temporary:
        temporary.write_text(f'vectors = "{place}"\n', encoding="utf-8")


@lru_cache(maxsize=64)
def _vectors(settings: Path, changed: int) -> Folder | None:
    import tomllib

    try:
        values = tomllib.loads(settings.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise OptionError(f"{settings} cannot be read: {error}") from error
    unknown = sorted(values.keys() - {"vectors"})
    if unknown or not isinstance(values.get("vectors", ""), str):
        raise OptionError(
            f"{settings}: expected only vectors = 'URL', got {', '.join(unknown) or 'a number'}"
        )
    place = values.get("vectors")
    return folder_at(place) if place else None
