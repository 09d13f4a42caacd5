"""What an opened file is by its content, and its text as a stream of blocks."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, Literal

from catalog.errors import CatalogError, SourceError, one_line
from catalog.pools.readers.encoding import decoded, encoding_of, shown
from catalog.pools.sources import Source, unreadable

BLOCK = 2**20
"""Bytes that are read at once."""

_KNOWN = {
    b"%PDF": "a PDF file",
    b"FEA1": "a Feather file of version 1: save it as Parquet or JSON Lines",
    b"\xd0\xcf\x11\xe0": "an Excel file of before 2007, or another of Office's: save it as .xlsx or CSV",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "a SQLite database: export its table as CSV or JSON Lines",
    b"\x93NUMPY": "a NumPy array",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Obj\x01": "an Avro file: save it as Parquet or JSON Lines",
    b"ORC": "an ORC file: save it as Parquet or JSON Lines",
}
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)
_LFS = (b"version https://git-lfs.github.com/spec/", b"# xet version")
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml", b"<!--")


@dataclass
class Counter:
    """How many bytes of all sources were read, as they lie there."""

    n_bytes: int = 0


Kind = Literal["text", "parquet", "arrow", "excel"]


@dataclass
class Opened:
    """One file whose content is known to be text or a table.

    Attributes:
        source: the file; its name says where in an archive or workbook it lies.
        compression: gzip, zstd, bzip2, xz, or None.
        encoding: as a report shows it; None for UTF-8.
        head: the first block's text, for detection; empty for a table.
        blocks: the whole text, head included; empty for a table.
        kind: what it is.
        binary: the open file, for Parquet.
        packed: the whole content, for Arrow.
        sheet: an openpyxl worksheet, for Excel.
        notes: what is odd about the file; its archive may add to them when its last member was read.
    """

    source: Source
    compression: str | None = None
    encoding: str | None = None
    head: str = ""
    blocks: Iterator[str] = field(default_factory=lambda: iter(()), repr=False)
    kind: Kind = "text"
    binary: BinaryIO | None = field(default=None, repr=False)
    packed: Iterator[bytes] = field(default_factory=lambda: iter(()), repr=False)
    sheet: Any = field(default=None, repr=False)
    notes: list[str] = field(default_factory=list)


def text(plain: Iterator[bytes], head: bytes, *, source: Source, compression: str | None) -> Opened:
    """Return a file that is text.

    Args:
        plain: what follows the head.
        head: the first block of its plain bytes.
        source: the file.
        compression: how it was packed.

    Raises:
        SourceError: empty, a Git LFS pointer, a web page, another kind of file than text.
    """
    codec = _codec(head, source=source)
    blocks = decoded(chain([head], plain), codec=codec)
    start = next(blocks, "")
    return Opened(source, compression, shown(codec), start, chain([start], blocks))


def raw_blocks(binary: BinaryIO, *, source: Source, counter: Counter) -> Iterator[bytes]:
    """Yield a file's bytes as they lie there, and count them.

    Raises:
        SourceError: its file system, or its archive, does not hand them out.
    """
    while True:
        try:
            block = binary.read(BLOCK)
        except CatalogError:
            raise
        except _DAMAGE as error:
            raise SourceError(
                f"{source.name} is damaged: {one_line(error)}", reason="corrupt_archive"
            ) from error
        except Exception as error:  # a network's errors are of many kinds
            raise unreadable(source.name, error) from error
        if not block:
            return
        counter.n_bytes += len(block)
        yield block


def head_of(plain: Iterator[bytes]) -> bytes:
    """Return the first block's worth of plain bytes: a pipe or an unpacker may hand out less at a time."""
    parts: list[bytes] = []
    n_bytes = 0
    for block in plain:
        parts.append(block)
        n_bytes += len(block)
        if n_bytes >= BLOCK:
            break
    return b"".join(parts)


def _codec(head: bytes, *, source: Source) -> str:
    """The encoding of a file that is text.

    Raises:
        SourceError: it is not.
    """
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise SourceError(f"{source.name} is empty", reason="empty_file")
    if head.startswith(_LFS):
        advice = "run `git lfs pull` in its repository, or fetch the file itself"
        raise SourceError(
            f"{source.name} is a Git LFS pointer, not the data: {advice}", reason="lfs_pointer"
        )
    if head[:4096].lstrip(b" \t\r\n\xef\xbb\xbf").lower().startswith(_HTML):
        advice = "the address shows the data on a page; fetch its raw or download address"
        raise SourceError(
            f"{source.name} is a web page, not the data: {advice}", reason="html_page"
        )
    known = next((what for magic, what in _KNOWN.items() if head.startswith(magic)), None)
    codec = None if known else encoding_of(head)
    if codec is None:
        raise SourceError(f"{source.name} is {known or 'not text'}", reason="binary_file")
    return codec
