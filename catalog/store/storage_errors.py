"""Errors of the disk and of DuckDB as the catalog's own: one line with the next step."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from catalog.errors import CorruptError, DamageError, StorageError
from catalog.messages import shortened
from catalog.store.folders import Folder
from catalog.store.paths import CatalogPaths

RESTORE = "restore the catalog's folder from a backup, then run `catalog doctor --full`"
FULL = "free some space and run the command again; what was committed before is safe"
READ_ONLY = "make the folder writable, or copy the catalog and name the copy with --home"

ADVICE: dict[int, str] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: (
        "raise the limit on the size of files, then run the command again; what was committed "
        "before is safe"
    ),
    errno.EROFS: READ_ONLY,
    errno.EACCES: "check who may read and write it",
    errno.EPERM: "check who may read and write it",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.EIO: (
        "the disk fails: copy what you can read to another one, and restore the rest from a backup"
    ),
    errno.EMFILE: "raise the limit on open files (`ulimit -n`), then run the command again",
    errno.ENOENT: "check the path, then run the command again",
    errno.ENOTDIR: "a file stands where a folder should: name another folder",
    errno.EISDIR: "a folder stands where a file should: name another file",
    errno.EEXIST: "a file stands where a folder should: name another folder",
}
# DuckDB, Arrow and Lance put what the system says into their own texts.
TEXTS: tuple[tuple[str, int], ...] = (
    ("no space left on device", errno.ENOSPC),
    ("disk quota exceeded", errno.EDQUOT),
    ("file too large", errno.EFBIG),
    ("read-only file system", errno.EROFS),
    ("permission denied", errno.EACCES),
    ("operation not permitted", errno.EPERM),
    ("file name too long", errno.ENAMETOOLONG),
    ("too many open files", errno.EMFILE),
)
UNREADABLE = (
    "not a valid duckdb database",
    "could not read enough bytes",
    "corrupt",
    "checksum",
    "replaying wal",
    "deserialize",
)


def explain_opening(error: duckdb.Error, paths: CatalogPaths) -> DamageError | duckdb.Error:
    """Return why the database cannot be opened; the error itself if the file is not the cause."""
    if isinstance(
        error, duckdb.OutOfMemoryException | duckdb.ParserException | duckdb.InvalidInputException
    ):
        return error
    return _refusal(str(error)) or damaged(error, paths)


def explain(error: OSError | duckdb.Error | MemoryError, paths: CatalogPaths) -> DamageError:
    """Return what was raised while a command ran as an error of ours, with the next step."""
    message = _one_line(error)
    if isinstance(error, MemoryError):
        return StorageError(
            f"this machine has too little memory for that ({message})",
            next_step="use fewer rows, or a larger machine",
        )
    if isinstance(error, OSError) and error.errno in ADVICE:
        place = f"{error.filename}: " if error.filename else ""
        return StorageError(f"{place}{error.strerror or message}", next_step=ADVICE[error.errno])
    refusal = _refusal(str(error))
    if refusal:
        return refusal
    if isinstance(error, OSError):
        return StorageError(
            message, next_step="check the path and the disk, then run the command again"
        )
    if _is_damage(error):
        return damaged(error, paths)
    return StorageError(
        f"DuckDB refused a statement of the catalog's own ({message})",
        next_step="run `catalog doctor`, and report this",
    )


@contextmanager
def explaining(paths: CatalogPaths) -> Iterator[None]:
    """Turn DuckDB's errors over a damaged file or a full disk into the catalog's own.

    Raises:
        CorruptError: a block of the database is damaged.
        StorageError: the disk refuses.
    """
    try:
        yield
    except duckdb.Error as error:
        refusal = damaged(error, paths) if _is_damage(error) else _refusal(str(error))
        if refusal is None:
            raise
        raise refusal from error


def damaged(error: BaseException, paths: CatalogPaths) -> CorruptError:
    """Return the error that the database is damaged, and what helps."""
    return CorruptError(f"{paths.database} is damaged ({_one_line(error)})", next_step=RESTORE)


def damaged_vectors(error: BaseException, folder: Folder) -> DamageError:
    """Return the error that a table of vectors cannot be read; the caller adds whose they are."""
    return _refusal(str(error)) or CorruptError(
        f"{folder} is damaged or incomplete ({_one_line(error)})"
    )


def _refusal(text: str) -> StorageError | None:
    """Return the system's refusal, where a library only passes the system's text on."""
    lowered = text.lower()
    found = next((number for sign, number in TEXTS if sign in lowered), None)
    if found is None:
        return None
    return StorageError(_first_line(text), next_step=ADVICE[found])


def _is_damage(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, duckdb.FatalException | duckdb.SerializationException) or any(
        sign in text for sign in UNREADABLE
    )


def _one_line(error: BaseException) -> str:
    return _first_line(str(error)) or type(error).__name__


def _first_line(text: str) -> str:
    """Return the first line of a library's message, without its stack trace and checksums."""
    line = next((line for line in text.splitlines() if line.strip()), "").strip().rstrip(".")
    line = re.sub(
        r": computed checksum \d+ does not match stored checksum \d+",
        ": a checksum does not match",
        line,
    )
    return shortened(line, 300)
