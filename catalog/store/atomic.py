"""Files of a user: each appears whole or not at all, and is on the disk when its block ends."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import IO, cast

from catalog.errors import OptionError
from catalog.messages import argument
from catalog.store.paths import refuse_catalog

COMPRESSIONS = (".gz", ".zst")

UNFINISHED: set[Path] = set()
"""Files that are being written, for a process that must end at once."""


def require_writable(path: Path, *, overwrite: bool) -> None:
    """Refuse a path at which no file can be written.

    Raises:
        OptionError: the folder does not exist; a folder or a device is there; a file is there and
            must not be overwritten; the path is inside a catalog's folder.
    """
    refuse_catalog(path)
    _require_parent(path)
    if path.is_dir():
        raise OptionError(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise OptionError(f"{path} is not a regular file: use -o - to write to standard output")
    if path.exists() and not overwrite:
        overwriting = argument("overwrite", True)
        raise OptionError(f"{path} exists: choose another path, or add {overwriting}")


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which replaces `path` when the block ends.

    The temporary file is removed when the block fails, Ctrl-C included.

    Raises:
        OptionError: see `require_writable`; checked again at the end, since a file may have been
            created meanwhile.
    """
    require_writable(path, overwrite=overwrite)
    path = path.resolve()  # a link stays a link, and its target is replaced
    check = partial(require_writable, path, overwrite=overwrite)
    with replacing(path, check=check) as temporary:
        yield temporary


@contextmanager
def replacing(path: Path, *, check: Callable[[], object] = bool) -> Iterator[Path]:
    """Yield a temporary path beside `path`, which is on the disk and replaces `path` at the end.

    The temporary file is removed when the block fails, Ctrl-C included. Any path will do, also one
    in a catalog's folder; `new_file` is for the files of a user.

    Args:
        path: the file to create or to replace.
        check: called when the bytes are on the disk; raises to keep the old file.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    UNFINISHED.add(temporary)
    try:
        yield temporary
        _sync_file(temporary)
        check()
        temporary.replace(path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)
        UNFINISHED.discard(temporary)


@contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """Create a folder for the block; remove it when the block fails and it is new and empty.

    Raises:
        OptionError: its parent does not exist, or a file has its name; it is inside a catalog's
            folder.
    """
    refuse_catalog(path)
    _require_parent(path)
    if path.exists() and not path.is_dir():
        raise OptionError(f"{path} is a file; this format writes a folder: choose another path")
    is_new = not path.exists()
    path.mkdir(exist_ok=True)
    try:
        yield
    except BaseException:
        if is_new and not any(path.iterdir()):
            path.rmdir()
        raise


@contextmanager
def opened(path: Path, *, ending: str = "") -> Iterator[IO[bytes]]:
    """Create a file to write bytes to, compressed as `ending` says (``.gz``, ``.zst``).

    The same bytes give the same file: neither a time nor a name is stored in it. `new_file` brings
    it to the disk.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("xb"))
        if ending == ".gz":
            yield stack.enter_context(
                cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
            )
        elif ending == ".zst":
            import zstandard

            yield stack.enter_context(zstandard.ZstdCompressor().stream_writer(raw, closefd=False))
        else:
            yield raw


def _require_parent(path: Path) -> None:
    if not path.parent.is_dir():
        raise OptionError(
            f"folder {path.parent} does not exist: create it first, or choose another path"
        )


def _sync_file(path: Path) -> None:
    """Bring a file's bytes to the disk, so that a crash leaves the old file or the whole new one.

    Raises:
        OSError: the disk is full, or fails.
    """
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    """Bring a folder's names to the disk, where the system opens folders."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    """Write a text to a file, which appears whole; a file that is there is replaced.

    Raises:
        OptionError: nothing can be written there.
    """
    with new_file(path, overwrite=True) as temporary:
        temporary.write_text(text, encoding="utf-8")
