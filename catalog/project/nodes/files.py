"""Identities of files: sizes and times first, so that unchanged files are not read again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.errors import SourceError
from catalog.store.file_hash import sha256_of
from catalog.store.file_systems import file_system

Identity = dict[str, Any]
"""``size``, ``modified`` (ns) and ``sha256`` of a file; ``version`` of an address."""


def file_identity(path: Path, known: Mapping[str, Any] | None = None) -> Identity:
    """Return the identity of a file, or of all files of a folder.

    Args:
        path: of the file or folder.
        known: an earlier identity; its hash serves while size and time are the same.

    Raises:
        SourceError: there is no such file.
    """
    if path.is_dir():
        return _folder_identity(path, known or {})
    try:
        status = path.stat()
        identity = {"size": status.st_size, "modified": status.st_mtime_ns}
        if known and all(known.get(key) == identity[key] for key in identity):
            return identity | {"sha256": known["sha256"]}
        with path.open("rb") as file:
            return identity | {"sha256": sha256_of(file)}
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}", reason="not_found") from None


def _folder_identity(folder: Path, known: Mapping[str, Any]) -> Identity:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    parts = {
        path.relative_to(folder).as_posix(): file_identity(path, _part(known, folder, path))
        for path in paths
    }
    lines = "".join(f"{name} {part['sha256']}\n" for name, part in parts.items())
    sha256 = hashlib.sha256(lines.encode()).hexdigest()
    size = sum(part["size"] for part in parts.values())
    return {"size": size, "sha256": sha256, "parts": parts}


def _part(known: Mapping[str, Any], folder: Path, path: Path) -> Mapping[str, Any] | None:
    part: Mapping[str, Any] | None = known.get("parts", {}).get(path.relative_to(folder).as_posix())
    return part


def address_identity(url: str) -> Identity:
    """Return the identity of an address: what its server says of the file's version.

    Raises:
        SourceError: the address cannot be read.
    """
    try:
        fs, path = file_system(url)
        return {"size": fs.size(path), "version": str(fs.checksum(path))}
    except Exception as error:  # every file system has its own types of errors
        raise SourceError(f"{url}: {error}", reason="unreadable") from None


def contents(identities: Mapping[str, Identity]) -> dict[str, str]:
    """Return the hash, or the version, of each file: what decides whether it has changed."""
    return {name: str(each.get("sha256") or each["version"]) for name, each in identities.items()}
