"""Backup: a copy of a whole catalog as it is at one moment, in a folder or at a URL.

A backup is a list of files, ``backups/TIME.json``, that name their contents by sha256; the contents
lie under ``files/`` once each, whatever the number of backups that hold them. The list is written
last: without it there is no backup, and whatever was copied serves the next one.

The catalog's lock is held while the database is copied beside itself and the other files are
listed. Files are only added afterwards: what removes some waits for the backup.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.errors import CorruptError, NotFoundError, OptionError
from catalog.notebook import NotebookResult
from catalog.store.database import at_rest
from catalog.store.file_systems import is_url
from catalog.store.folders import Folder, folder_at
from catalog.store.lock import locked
from catalog.store.scratch import scratch_folder
from catalog.store.store import Store

FORMAT = 1
LISTS, CONTENTS = "backups", "files"
VECTORS = "vectors"
_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SavedFile:
    """File of a backup.

    Attributes:
        name: its path in the catalog's folder.
        n_bytes: its size.
        sha256: of its bytes.
        changed_ns: when it was changed last; tells whether it must be read again.
    """

    name: str
    n_bytes: int
    sha256: str
    changed_ns: int


@dataclass(frozen=True)
class Backup(NotebookResult):
    """Backup that was made.

    Attributes:
        name: the time it was made at, in UTC.
        place: the folder or URL.
        n_files: of the catalog.
        n_bytes: of them.
        n_new_bytes: that were copied, since the place did not have them.
    """

    name: str
    place: str
    n_files: int
    n_bytes: int
    n_new_bytes: int


def backup(
    store: Store, place: str | os.PathLike[str], *, progress: Progress | None = None
) -> Backup:
    """Copy a catalog, as it is now, to a folder or a URL; only what is new there is copied.

    Args:
        store: the catalog.
        place: a folder of this machine, made if it is missing, or a URL such as
            ``s3://bucket/prefix``.
        progress: is told the bytes that are done and those of all.

    Raises:
        HomeNotFoundError: no catalog in that folder.
        LockedError: another process held the catalog all that time.
        OptionError: the place is inside the catalog's folder, or cannot be opened.
        CorruptError: a file that the catalog needs is gone.
    """
    target = folder_at(place)
    _require_outside(store, target)
    with scratch_folder(store.scratch, "backup") as scratch, _still(store, scratch) as sources:
        known = _known(target)
        total = sum(source.n_bytes for source in sources)
        saved: list[SavedFile] = []
        n_new = done = 0
        for source in sources:
            file, is_new = _save(source, target, known, Folder(str(scratch)))
            saved.append(file)
            n_new += file.n_bytes * is_new
            done += file.n_bytes
            if progress:
                progress(done, total)
        name = datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3] + "Z"
        _write_list(target, name, saved, scratch)
    n_bytes = sum(file.n_bytes for file in saved)
    return Backup(name, str(target), len(saved), n_bytes, n_new)


def backups(place: str | os.PathLike[str]) -> list[str]:
    """Return the names of the backups at a place, the oldest first."""
    names = (folder_at(place) / LISTS).names()
    return [name.removesuffix(".json") for name in names if name.endswith(".json")]


def read_list(place: str | os.PathLike[str], name: str | None = None) -> list[SavedFile]:
    """Return the files of a backup, the newest one unless it is named.

    Raises:
        NotFoundError: there is no such backup.
        CorruptError: the list is not one of a backup.
    """
    names = backups(place)
    if not names or (name and name not in names):
        raise NotFoundError(
            f"{place} has no backup{f' {name}' if name else ''}",
            next_step=f"name one of {', '.join(names)}" if names else "`catalog backup` makes one",
        )
    chosen = name or names[-1]
    try:
        content = json.loads((folder_at(place) / LISTS).read(f"{chosen}.json"))
        if content["format"] != FORMAT:
            raise OptionError(f"{place} is of format {content['format']}, expected {FORMAT}")
        return [SavedFile(**file) for file in content["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptError(f"{place}: the list of backup {chosen} cannot be read") from error


@dataclass(frozen=True)
class _Source:
    """File to save: its name in the catalog, and where its bytes are.

    Attributes:
        is_replaced: whether a job may replace it while it is read.
    """

    name: str
    place: Folder
    n_bytes: int
    changed_ns: int
    is_replaced: bool


@contextmanager
def _still(store: Store, scratch: Path) -> Iterator[list[_Source]]:
    """Yield the files of one moment; for the block nothing removes them."""
    copy = scratch / store.database.name
    with locked(store.removal, wait=store.wait):
        with at_rest(store, wait=store.wait):
            # A child reads the file: a process that closes a file frees its own locks on it.
            command = [sys.executable, "-c", _COPY, str(store.database), str(copy)]
            subprocess.run(command, check=True)
            sources = [*_files(Folder(str(scratch)), ""), *_listed(store)]
        yield sources


def _listed(store: Store) -> Iterator[_Source]:
    yield from _files(store.vectors, f"{VECTORS}/")
    yield from _files(Folder(str(store.media)), f"{store.media.name}/")
    for folder in (store.models, store.kernels):
        yield from _files(Folder(str(folder)), f"{folder.name}/", are_replaced=True)


def _files(folder: Folder, prefix: str, *, are_replaced: bool = False) -> Iterator[_Source]:
    for file in folder.files():
        if not file.name.endswith((".lock", ".part")):
            place, name = folder / file.name, prefix + file.name
            yield _Source(name, place, file.n_bytes, file.changed_ns, are_replaced)


def _known(target: Folder) -> dict[tuple[str, int, int], str]:
    """Return the hashes of the newest backup's files by name, size and time."""
    if not backups(target.place):
        return {}
    return {
        (file.name, file.n_bytes, file.changed_ns): file.sha256 for file in read_list(target.place)
    }


def _save(
    source: _Source, target: Folder, known: dict[tuple[str, int, int], str], scratch: Folder
) -> tuple[SavedFile, bool]:
    """Copy a file unless the place has it, and return whether it was copied."""
    sha256 = known.get((source.name, source.n_bytes, source.changed_ns))
    place = source.place
    try:
        if sha256 is None and source.is_replaced:
            scratch.copy_in(place, "copy")
            place = scratch / "copy"
        sha256 = sha256 or place.sha256()
        content = content_name(sha256)
        is_new = not (target / content).is_file()
        if is_new:
            target.copy_in(place, content)
    except FileNotFoundError:
        raise CorruptError(
            f"{source.place} was removed during the backup",
            next_step="run the command again",
        ) from None
    return SavedFile(source.name, source.n_bytes, sha256, source.changed_ns), is_new


def content_name(sha256: str) -> str:
    """Return where a backup keeps the bytes of a file."""
    return f"{CONTENTS}/{sha256[:2]}/{sha256}"


def _write_list(target: Folder, name: str, saved: list[SavedFile], scratch: Path) -> None:
    content = {"format": FORMAT, "made_at": name, "files": [asdict(file) for file in saved]}
    file = scratch / f"{name}.json"
    file.write_text(json.dumps(content, indent=1), encoding="utf-8")
    target.copy_in(Folder(str(file)), f"{LISTS}/{name}.json")


def _require_outside(store: Store, target: Folder) -> None:
    place = Path(target.place)
    if not is_url(target.place) and place.absolute().is_relative_to(store.path.absolute()):
        raise OptionError(f"{place} is inside the catalog's folder: name a place outside it")
