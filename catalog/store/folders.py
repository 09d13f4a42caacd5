"""Folders on this machine or at a URL such as ``s3://bucket/prefix``, with the same operations."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import OptionError
from catalog.store.file_hash import sha256_of
from catalog.store.file_systems import is_url

if TYPE_CHECKING:
    from pyarrow import fs


@dataclass(frozen=True)
class FoundFile:
    """File below a folder.

    Attributes:
        name: its path below the folder, with ``/`` on every system.
        n_bytes: its size.
        changed_ns: when it was changed last, in nanoseconds since 1970.
    """

    name: str
    n_bytes: int
    changed_ns: int


@dataclass(frozen=True)
class Folder:
    """Folder by its path or URL; nothing is opened before it is used.

    Credentials and the endpoint come from the environment (``AWS_ACCESS_KEY_ID``,
    ``AWS_ENDPOINT_URL``, ...).

    >>> str(Folder("s3://bucket/prefix") / "a")
    's3://bucket/prefix/a'
    """

    place: str

    def __str__(self) -> str:
        return self.place

    def __truediv__(self, name: str) -> Folder:
        return Folder(f"{self.place.rstrip('/')}/{name}")

    @property
    def name(self) -> str:
        """Return the last part of the path."""
        return self.place.rstrip("/").rpartition("/")[2]

    def absolute(self) -> Folder:
        """Return the folder by its whole path; a URL is whole."""
        return self if is_url(self.place) else Folder(os.fspath(Path(self.place).absolute()))

    def is_folder(self) -> bool:
        """Return whether it is there."""
        from pyarrow import fs

        return bool(self._info().type == fs.FileType.Directory)

    def is_file(self) -> bool:
        """Return whether a file is there."""
        from pyarrow import fs

        return bool(self._info().type == fs.FileType.File)

    @property
    def changed_ns(self) -> int:
        """Return when a name in it was added or removed, in nanoseconds since 1970; 0 at a URL."""
        return self._info().mtime_ns or 0

    def names(self) -> list[str]:
        """Return the names of what lies in it, sorted; none if it is not there."""
        return sorted(info.base_name for info in self._list(recursive=False))

    def files(self) -> Iterator[FoundFile]:
        """Yield the files below it, at any depth, by name."""
        from pyarrow import fs

        top = len(self._opened()[1].rstrip("/")) + 1
        for info in sorted(self._list(recursive=True), key=lambda info: info.path):
            if info.type == fs.FileType.File:
                yield FoundFile(info.path[top:], info.size, info.mtime_ns or 0)

    def n_bytes(self) -> int:
        """Return the size of all files below it."""
        return sum(file.n_bytes for file in self.files())

    def make(self) -> None:
        """Create it with its parents; at a URL a folder is there once a file is in it."""
        if not is_url(self.place):
            Path(self.place).mkdir(parents=True, exist_ok=True)

    def remove(self) -> None:
        """Remove it with all that is in it; nothing happens if it is not there."""
        if self.is_folder():
            opened, path = self._opened()
            opened.delete_dir(path)

    def read(self, name: str) -> bytes:
        """Return the bytes of a file in it.

        Raises:
            FileNotFoundError: there is none.
        """
        opened, path = (self / name)._opened()
        with opened.open_input_stream(path) as file:
            return bytes(file.read())

    def sha256(self) -> str:
        """Return the hash of the file that this is.

        Raises:
            FileNotFoundError: there is no such file.
        """
        opened, path = self._opened()
        with opened.open_input_stream(path) as file:
            return sha256_of(file)

    def copy_in(self, source: Folder, name: str) -> None:
        """Copy a file to this place, which has the file whole or not at all.

        Args:
            source: the file.
            name: of the copy, below this folder.

        Raises:
            FileNotFoundError: there is no such file.
        """
        from pyarrow import fs

        target = self / name
        if is_url(self.place):
            (opened, path), (of, file) = target._opened(), source._opened()
            fs.copy_files(file, path, source_filesystem=of, destination_filesystem=opened)
            return
        from catalog.store.atomic import replacing

        place = Path(target.place)
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as temporary:
            of, file = source._opened()
            local = fs.LocalFileSystem()
            fs.copy_files(file, str(temporary), source_filesystem=of, destination_filesystem=local)

    def _info(self) -> fs.FileInfo:
        opened, path = self._opened()
        return opened.get_file_info(path)

    def _list(self, *, recursive: bool) -> list[fs.FileInfo]:
        from pyarrow import fs

        opened, path = self._opened()
        selector = fs.FileSelector(path, recursive=recursive, allow_not_found=True)
        found: list[fs.FileInfo] = opened.get_file_info(selector)
        return found

    def _opened(self) -> tuple[fs.FileSystem, str]:
        from pyarrow import fs

        if is_url(self.place):
            return bucket_at(self.place)
        return fs.LocalFileSystem(), os.fspath(Path(self.place).absolute())


def folder_at(place: str | os.PathLike[str]) -> Folder:
    """Return the folder at a path or URL.

    Raises:
        OptionError: a URL of a kind of store that is not supported.
    """
    folder = Folder(os.fspath(place).rstrip("/"))
    if is_url(folder.place):
        folder._opened()
    return folder


def bucket_at(url: str) -> tuple[fs.FileSystem, str]:
    """Return the file system of a URL's bucket, and the path in it.

    Raises:
        OptionError: the bucket cannot be opened.
    """
    scheme, _, path = url.partition("://")
    return _system(scheme, path.partition("/")[0]), path


@lru_cache(maxsize=16)
def _system(scheme: str, bucket: str) -> fs.FileSystem:
    import pyarrow as pa
    from pyarrow import fs

    query = "?allow_delayed_open=true" if scheme == "s3" else ""  # a small file is one request
    try:
        opened: fs.FileSystem = fs.FileSystem.from_uri(f"{scheme}://{bucket}{query}")[0]
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise OptionError(
            f"{scheme}://{bucket} cannot be opened: {error}",
            next_step="name a folder of this machine, or a URL such as s3://bucket/prefix",
        ) from error
    return opened
