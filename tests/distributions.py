"""Distributions that tests make up, laid out as pip does."""

from collections.abc import Mapping
from itertools import count
from pathlib import Path

_numbers = count(1)


def install(
    folder: Path, name: str, version: str, files: Mapping[str, str], *, entry_points: str
) -> Path:
    """Write the files of a distribution and its metadata into a folder, and return the folder.

    No two have one path, by which Python and the catalog remember what is installed.
    """
    folder = folder / f"site-{next(_numbers)}"
    information = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    texts = {
        f"{information.name}/METADATA": metadata,
        f"{information.name}/entry_points.txt": entry_points,
    }
    for path, text in {**files, **texts}.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder
