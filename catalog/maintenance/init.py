"""Making a catalog before anything is registered: where its vectors are, or from a backup."""

from __future__ import annotations

import os
from collections.abc import Callable

from catalog.errors import CorruptError, OptionError
from catalog.maintenance.backup import VECTORS, SavedFile, content_name, read_list
from catalog.store.folders import Folder, folder_at
from catalog.store.settings import FILE, vectors_folder, write_settings
from catalog.store.store import Store

Progress = Callable[[int, int], None]


def init(
    store: Store,
    *,
    vectors: str | None = None,
    source: str | os.PathLike[str] | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> int:
    """Make a catalog, empty or from a backup, and return the number of files that it took.

    A process that dies leaves a folder without a database, and the same call goes on from there.

    Args:
        store: the catalog; its folder is made.
        vectors: a URL such as ``s3://bucket/prefix`` for its vectors; the default is its folder.
        source: the place of a backup; see `catalog.maintenance.backup.backup`.
        name: of the backup; the default is the newest.
        progress: is told the bytes that are done and those of all.

    Raises:
        OptionError: there is a catalog already; the URL has vectors; a place cannot be opened.
        NotFoundError: there is no such backup.
        CorruptError: a file of the backup is not what its hash says.
    """
    if store.database.exists():
        raise OptionError(
            f"{store.path} is a catalog already", next_step="name a new folder with --home"
        )
    files = [] if source is None else read_list(source, name)
    store.path.mkdir(parents=True, exist_ok=True)
    if vectors is not None:
        if source is None and folder_at(vectors).names():
            raise OptionError(f"{vectors} is not empty: name a prefix that no catalog uses")
        write_settings(store.path, vectors=vectors)
    elif (store.path / FILE).exists() and source is None:
        raise OptionError(f"{store.path / FILE} is there already: remove it, or name the vectors")
    if source is not None:
        _take(store, folder_at(source), files, progress)
    store.upgrade()
    return len(files)


def _take(store: Store, source: Folder, files: list[SavedFile], progress: Progress | None) -> None:
    """Copy the files of a backup; the database is the last, since it makes the catalog."""
    total, done = sum(file.n_bytes for file in files), 0
    home, place = Folder(str(store.path)), vectors_folder(store.path)
    for file in sorted(files, key=lambda file: file.name == store.database.name):
        folder, name = home, file.name
        if file.name.startswith(f"{VECTORS}/"):
            folder, name = place, file.name.removeprefix(f"{VECTORS}/")
        _take_file(source, file, folder, name)
        done += file.n_bytes
        if progress:
            progress(done, total)


def _take_file(source: Folder, file: SavedFile, folder: Folder, name: str) -> None:
    content = source / content_name(file.sha256)
    target = folder / name
    if target.is_file() and target.sha256() == file.sha256:
        return
    try:
        if content.sha256() != file.sha256:
            raise CorruptError(f"{content} is not what its name says: the backup is damaged")
        folder.copy_in(content, name)
    except FileNotFoundError:
        raise CorruptError(f"{content} is gone: the backup is damaged") from None
