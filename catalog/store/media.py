"""Media files: kept bytes, each under the name of its sha256, and files that lie elsewhere."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from catalog.messages import MOST_LISTED, and_more
from catalog.store.database import Connection
from catalog.store.paths import CatalogPaths
from catalog.store.queries import query

MAX_BYTES = 2**32
"""Size beyond which a media file is not hashed, since a record can name an endless file."""

_BLOCK = 2**20


class MediaFile(NamedTuple):
    """Record of one media reference of a member.

    Attributes:
        path: as the record has it; None for bytes without a path.
        location: the file on this machine; None for bytes, which lie in the catalog's folder.
        sha256: of the content, as hex digits.
        n_bytes: size of the content.
    """

    path: str | None
    location: str | None
    sha256: str
    n_bytes: int


class MediaFault(NamedTuple):
    """Fault of media, and the next step."""

    check: str
    problem: str
    next_step: str


def keep(content: bytes, *, folder: Path | None) -> str:
    """Return the sha256 of bytes, and write them under that name into a folder if there is one."""
    sha256 = hashlib.sha256(content).hexdigest()
    if folder is not None and not (folder / sha256).exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sha256).write_bytes(content)
    return sha256


def adopt(paths: CatalogPaths, folder: Path) -> None:
    """Move the bytes that a job kept into the catalog's folder, under the catalog's lock."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        paths.media.mkdir(parents=True, exist_ok=True)
        path.replace(paths.media / path.name)


def file_hash(path: str | Path) -> tuple[str, int] | None:
    """Return a file's sha256 and size; None if it is not regular, not readable or too large."""
    try:
        status = os.stat(path)  # noqa: PTH116 - before opening: a pipe would block
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        digest, n_left = hashlib.sha256(), status.st_size
        with Path(path).open("rb", buffering=0) as file:
            while n_left > 0 and (block := file.read(min(_BLOCK, n_left))):
                digest.update(block)
                n_left -= len(block)
    except (OSError, ValueError):  # not there, no right to read it, or not a possible name
        return None
    return digest.hexdigest(), status.st_size - n_left


def unreferenced_media(connection: Connection, paths: CatalogPaths) -> list[Path]:
    """Return the kept bytes that no instruction refers to; needs the table ``unreferenced``."""
    if not paths.media.is_dir():
        return []
    named = {name for (name,) in connection.sql(query("gc/media_names")).fetchall()}
    return sorted(path for path in paths.media.iterdir() if path.name not in named)


def media_faults(connection: Connection, paths: CatalogPaths) -> Iterator[MediaFault]:
    """Find kept bytes that are gone or damaged, and media files that changed or are gone."""
    kept: list[str] = []
    gone: dict[str, list[str]] = {}
    changed: dict[str, list[str]] = {}
    for pool, location, sha256, n_bytes in connection.sql(query("doctor/media_files")).fetchall():
        where = paths.media / sha256 if location is None else Path(location)
        if _is_same(where, sha256=sha256, n_bytes=n_bytes):
            continue
        if location is None:
            kept.append(sha256)
        elif where.exists():
            changed.setdefault(pool, []).append(location)
        else:
            gone.setdefault(pool, []).append(location)
    if kept:
        advice = (
            "restore a backup of the catalog's folder, or register the files that hold them again"
        )
        yield MediaFault(
            "kept_media", f"{len(kept):,} kept media are gone or damaged: {_named(kept)}", advice
        )
    for check, files, what in (
        ("media_gone", gone, "are gone"),
        ("media_changed", changed, "changed"),
    ):
        for pool, locations in files.items():
            advice = f"put them back, or register {pool} again as they are now"
            yield MediaFault(
                check,
                f"{len(locations):,} media files of {pool} {what}: {_named(locations)}",
                advice,
            )


def _is_same(path: Path, *, sha256: str, n_bytes: int) -> bool:
    try:
        return path.stat().st_size == n_bytes and file_hash(path) == (sha256, n_bytes)
    except OSError:
        return False


def _named(paths: list[str]) -> str:
    return ", ".join(paths[:MOST_LISTED]) + and_more(len(paths) - MOST_LISTED)
