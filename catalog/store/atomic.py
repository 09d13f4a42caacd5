"""Where an export goes: files that appear whole or not at all."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from catalog.errors import OptionError
from catalog.store.paths import refuse_catalog

COMPRESSIONS = (".gz", ".zst")

UNFINISHED: set[Path] = set()
"""Files that are being written, for a process that must end at once."""


def require_writable(path: Path, *, overwrite: bool) -> None:
    """Refuse a path at which no file can be made.

    Raises:
        OptionError: the folder does not exist; a folder or a device is there; a file is there and may not be overwritten; the path is
            inside a catalog's folder.
    """
    refuse_catalog(path)
    if not path.parent.is_dir():
        raise OptionError(
            f"there is no folder {path.parent}: make it first, or choose another path"
        )
    if path.is_dir():
        raise OptionError(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        raise OptionError(f"{path} is no regular file: use -o - to write to standard output")
    if path.exists() and not overwrite:
        raise OptionError(f"{path} exists: choose another path, or add --overwrite")


@contextmanager
def new_file(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A neighbour of `path` to write to, which takes its place when the block ends and vanishes when it fails, Ctrl-C included.

    Raises:
        OptionError: see `require_writable`; it is asked again at the end, for a file may have come up meanwhile.
    """
    require_writable(path, overwrite=overwrite)
    path = path.resolve()  # a link stays a link, and what it points to is replaced
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    UNFINISHED.add(temporary)
    try:
        yield temporary
        require_writable(path, overwrite=overwrite)
        os.replace(temporary, path)  # noqa: PTH105 - Path.replace is the same call, and this name says so
    finally:
        temporary.unlink(missing_ok=True)
        UNFINISHED.discard(temporary)


@contextmanager
def new_folder(path: Path) -> Iterator[None]:
    """A folder that is there during the block; one that was made for it goes again when the block fails.

    Raises:
        OptionError: its parent does not exist, or something else has its name; it is inside a catalog's folder.
    """
    refuse_catalog(path)
    if not path.parent.is_dir():
        raise OptionError(
            f"there is no folder {path.parent}: make it first, or choose another path"
        )
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
    """A new file at `path` to write bytes to, compressed as `ending` says (".gz", ".zst"), safely on disk when the block ends.

    The same bytes give the same file: no time and no name are stored in it.
    """
    with ExitStack() as stack:
        raw = stack.enter_context(path.open("xb"))
        stack.callback(os.fsync, raw.fileno())
        stack.callback(raw.flush)
        if ending == ".gz":
            yield stack.enter_context(
                cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0))
            )
        elif ending == ".zst":
            import zstandard

            yield stack.enter_context(zstandard.ZstdCompressor().stream_writer(raw, closefd=False))
        else:
            yield raw
