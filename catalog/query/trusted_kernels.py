"""The kernel files whose code this user lets run, by their sha256.

A catalog is a folder that others can hand on, and a kernel in it is code. So the code of a file
runs only for a user who added it, or who trusted it after reading it. The list is the user's own
and lies outside every catalog.
"""

from __future__ import annotations

import os
from pathlib import Path

from catalog.errors import ForbiddenQueryError


def trust(name: str, sha256: str) -> None:
    """Let the code of a file run for this user, in every catalog that holds the same file."""
    if is_trusted(sha256):
        return
    path = _list_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{sha256} {name}\n")


def is_trusted(sha256: str) -> bool:
    """Return whether this user lets the code of a file run."""
    path = _list_path()
    if not path.is_file():
        return False
    lines = path.read_text(encoding="utf-8").splitlines()
    return any(line.partition(" ")[0] == sha256 for line in lines)


def require_trusted(name: str, path: Path, sha256: str) -> None:
    """Refuse to run the code of a file that somebody else put into the catalog.

    Raises:
        ForbiddenQueryError: this user neither added nor trusted the file.
    """
    if not is_trusted(sha256):
        raise ForbiddenQueryError(
            f"the kernel {name} of this catalog is code that you have not trusted: "
            f"read {path}, then run `catalog kernels trust {name}`"
        )


def _list_path() -> Path:
    """Return where the list is: under CATALOG_CONFIG, else in the user's configuration folder."""
    folder = os.environ.get("CATALOG_CONFIG")
    if folder:
        return Path(folder) / "trusted-kernels"
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "catalog" / "trusted-kernels"
