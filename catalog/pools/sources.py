"""From source arguments (paths, folders, globs, URLs, ``-``) to files to open."""

from __future__ import annotations

import glob
import os
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NoReturn
from urllib.parse import urlsplit

from catalog.errors import CatalogError, SourceError
from catalog.messages import one_line
from catalog.pools.folders import Choice, of_folder
from catalog.pools.readers.encoding import storable
from catalog.pools.readers.frames import FRAME, Frame
from catalog.store.file_systems import file_system, is_url

STDIN = "-"
_TABLES = "jsonl?|ndjson|jsonlines|csv|tsv|parquet|pq|ya?ml|txt|arrow|feather|ipc|xlsx|xlsm"
_ENDINGS = re.compile(rf"(\.({_TABLES}|gz|gzip|zst|zstd|bz2|xz))+\Z", re.IGNORECASE)
_LABELLED = re.compile(r"(?P<label>[^\s=/\\:?*\[\]~-][^=/\\:?*\[\]]*)=(?P<name>.*)", re.DOTALL)
_INSIDE = "!/"
"""The separator between an archive, or a workbook, and its content."""
_EXTRAS = {
    "gcs": "write gs://, or pip install gcsfs",
    "s3a": "write s3://, or pip install s3fs",
}


@dataclass(frozen=True)
class Source:
    """File to read.

    Attributes:
        name: a path, a URL, or ``-``.
        size: its bytes before decompression, or None if unknown.
        label: the source of all its records, from ``LABEL=FILE``, or None.
        member: the member of an archive or sheet of a workbook to read; None reads all.
        split: the saved dataset, or its split, of the file; None for any other file.
        notes: notes for the report.
        frame: the frame to read in place of a file.
    """

    name: str
    size: int | None
    label: str | None = field(default=None, repr=False)
    member: str | None = None
    split: str | None = None
    notes: tuple[str, ...] = ()
    frame: Frame | None = field(default=None, repr=False, compare=False)

    @property
    def stem(self) -> str:
        """Return the split, or the file's name without folder and suffixes, for `source`.

        >>> Source("a/train.v2.jsonl.gz", None).stem, Source("-", None).stem
        ('train.v2', 'stdin')
        """
        if self.split is not None:
            return self.split
        if self.name == STDIN:
            return "stdin"
        name = PurePosixPath(self.name.replace("\\", "/")).name
        return _ENDINGS.sub("", name) or name

    def open(self) -> BinaryIO:
        """Open the file, without decompression.

        Raises:
            SourceError: the file is unreadable.
        """
        if self.name == STDIN:
            return sys.stdin.buffer
        try:
            if is_url(self.name):
                fs, path = _file_system(self.name)
                opened: BinaryIO = fs.open(path, "rb")
                return opened
            # The reader itself requests large blocks.
            return Path(self.name).open("rb", buffering=0)
        except CatalogError:
            raise
        except Exception as error:
            raise unreadable(self.name, error) from error


def resolve(sources: Sequence[str | Frame]) -> list[Source]:
    """Return every file of the arguments, in their order; files of a pattern or folder by name.

    A frame is a source of its own. ``LABEL=FILE`` sets the source of an argument's records.

    Raises:
        SourceError: there is no such file, a folder has no data, or a protocol is unknown or needs
            a package that is not installed.

    >>> [source.name for source in resolve(["-"])]
    ['-']
    """
    if not sources:
        raise SourceError(
            "no source given: name files, patterns, URLs, or - for standard input",
            reason="not_found",
        )
    listing: list[Source] = []
    for given in sources:
        if not isinstance(given, str):
            listing.append(Source(FRAME, None, frame=given))
            continue
        label, name = labelled(given)
        named = _named(name)
        listing += [replace(source, label=label) for source in named] if label else named
    return listing


def total_bytes(sources: Sequence[Source]) -> int | None:
    """Return the bytes of all files, or None if one of them has no known size."""
    sizes = [source.size for source in sources]
    return None if None in sizes else sum(size for size in sizes if size is not None)


def _named(name: str) -> list[Source]:
    """Return the files of one name: standard input, a URL, or a local path or pattern."""
    if name == STDIN:
        return [Source(STDIN, None)]
    return _remote(name) if is_url(name) else _local(name)


def labelled(argument: str) -> tuple[str | None, str]:
    """Split ``LABEL=FILE``.

    An existing path, a pattern that matches, and an address with ``=`` are not split.

    Raises:
        SourceError: there is nothing after the label.

    >>> labelled("gsm8k=train.jsonl"), labelled("gsm8k=https://host/train?part=1")
    (('gsm8k', 'train.jsonl'), ('gsm8k', 'https://host/train?part=1'))
    >>> labelled("https://host/train?part=1")
    (None, 'https://host/train?part=1')
    """
    match = _LABELLED.fullmatch(argument)
    is_pattern = glob.has_magic(argument)
    is_matched = is_pattern and any(glob.iglob(argument, recursive=True))  # noqa: PTH207
    if not match or Path(argument).exists() or is_matched:
        return None, argument
    if not match["name"]:
        raise SourceError(
            f"{argument}: expected LABEL=FILE, got no file after the label", reason="not_found"
        )
    return storable(match["label"]), match["name"]


def _local(name: str) -> list[Source]:
    path = Path(name).expanduser()
    if path.is_dir():
        return _local_folder(path)
    if path.exists() or not (glob.has_magic(name) or _INSIDE in name):
        return [_local_file(path)]
    archive, inside, member = name.partition(_INSIDE)
    if inside and Path(archive).expanduser().is_file():
        return [replace(_local_file(Path(archive).expanduser()), member=member)]
    # Path.glob takes no absolute patterns.
    found = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207
    matches = [Path(match) for match in found]
    files = [match for match in matches if not match.is_dir()]
    if not files:
        raise SourceError(f"{name}: no file matches this pattern", reason="not_found")
    return [_local_file(match) for match in files]


def _local_file(path: Path) -> Source:
    try:
        status = path.stat()
    except FileNotFoundError as error:
        raise SourceError(f"{path}: no such file", reason="not_found") from error
    except OSError as error:
        raise unreadable(str(path), error) from error
    return Source(str(path), status.st_size if path.is_file() else None)  # a pipe has no size


def _local_folder(folder: Path) -> list[Source]:
    """Return the data files of a folder and its subfolders."""
    choice = of_folder(
        _names(folder), folder=str(folder), read=lambda name: (folder / name).read_bytes()
    )
    files = [(str(folder / name), (folder / name).stat().st_size, name) for name in choice.names]
    return _sources(files, choice, folder=str(folder))


def _names(folder: Path) -> list[str]:
    """Return the files below a folder, and hidden folders and links to folders without content.

    Raises:
        SourceError: a folder cannot be listed.
    """

    def refuse(error: OSError) -> NoReturn:
        raise unreadable(str(error.filename), error) from error

    names: list[str] = []
    for walked, folders, files in os.walk(folder, onerror=refuse):
        here = Path(walked)
        closed = [name for name in folders if name.startswith(".") or (here / name).is_symlink()]
        folders[:] = [name for name in folders if name not in closed]
        names += [f"{(here / name).relative_to(folder).as_posix()}/" for name in closed]
        for name in files:
            is_regular = (here / name).is_file()
            relative = (here / name).relative_to(folder).as_posix()
            names.append(relative if is_regular else f"{relative}/")  # a pipe never ends
    return names


def _sources(
    files: Iterable[tuple[str, int | None, str]], choice: Choice, *, folder: str
) -> list[Source]:
    """Return a folder's files from (address, size, relative name). The first has the note."""
    listing = [
        Source(address, size, split=choice.splits.get(name)) for address, size, name in files
    ]
    note = choice.note()
    if not listing:
        message = f"the folder {folder} has no data files" + (f" ({note})" if note else "")
        raise SourceError(
            f"{message}: name its files, such as '{folder.rstrip('/')}/*.txt'",
            reason="is_directory",
        )
    if note:
        return [replace(listing[0], notes=(f"{folder}: {note}",)), *listing[1:]]
    return listing


def _remote(url: str) -> list[Source]:
    fs, path = _file_system(url)
    try:
        if glob.has_magic(path) and not fs.exists(path):
            paths = sorted(match for match in fs.glob(path) if fs.isfile(match))
            if not paths:
                raise SourceError(f"{url}: no file matches this pattern", reason="not_found")
            return [Source(fs.unstrip_protocol(match), fs.size(match)) for match in paths]
        if not fs.exists(path):
            raise SourceError(f"{url}: no such file", reason="not_found")
        if fs.isdir(path):
            return _remote_folder(fs, path, url=url)
        return [Source(url, fs.size(path))]
    except CatalogError:
        raise
    except Exception as error:  # every file system has its own types of errors
        raise unreadable(url, error) from error


def _remote_folder(fs: Any, path: str, *, url: str) -> list[Source]:
    listing: dict[str, Any] = fs.find(path, detail=True)
    prefix = fs._strip_protocol(path).rstrip("/") + "/"
    by_name = {
        full.removeprefix(prefix): (full, about.get("size")) for full, about in listing.items()
    }
    choice = of_folder(
        list(by_name), folder=url, read=lambda name: bytes(fs.cat_file(by_name[name][0]))
    )
    files = [
        (fs.unstrip_protocol(by_name[name][0]), by_name[name][1], name) for name in choice.names
    ]
    return _sources(files, choice, folder=url)


def _file_system(url: str) -> tuple[Any, str]:
    protocol = urlsplit(url).scheme
    try:
        fs, path = file_system(url)
    except ImportError as error:
        how = _EXTRAS.get(protocol, f"install the package for {protocol}://")
        raise SourceError(
            f"{url}: {protocol}:// needs a package that is not installed: {how}",
            reason="missing_extra",
        ) from error
    except ValueError as error:
        raise SourceError(
            f"{url}: unknown protocol {protocol}://", reason="unknown_protocol"
        ) from error
    return fs, path


def unreadable(name: str, error: Exception) -> SourceError:
    """Return the error for a file that its file system cannot read."""
    reasons: dict[type[Exception], str] = {
        FileNotFoundError: "not_found",
        IsADirectoryError: "is_directory",
    }
    reason = reasons.get(type(error), "unreadable")
    what = getattr(error, "strerror", None) or one_line(error)
    return SourceError(f"{name}: {what}", reason=reason)
