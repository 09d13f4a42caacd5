"""One source opened: what it is by its content, and its text as a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from catalog.errors import SourceError
from catalog.pools.compression import compression_of, unpacked
from catalog.pools.encoding import decoded, encoding_of, shown
from catalog.pools.sources import STDIN, Source, unreadable

BLOCK = 2**20
"""Bytes that are read at once."""

_ARCHIVES = {
    b"PK\x03\x04": "a zip archive (or an Excel file): unpack it first",
    b"%PDF": "a PDF file",
    b"ARROW1": "an Arrow file: save it as Parquet or JSON Lines",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "a SQLite database: export its table as CSV or JSON Lines",
    b"\x93NUMPY": "a NumPy array",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Obj\x01": "an Avro file: save it as Parquet or JSON Lines",
    b"ORC": "an ORC file: save it as Parquet or JSON Lines",
}
_TAR_MARKS = (b"ustar\0", b"ustar ")  # of POSIX and of GNU
_TAR_START = 257
_LFS = (b"version https://git-lfs.github.com/spec/", b"# xet version")
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml", b"<!--")


@dataclass
class Counter:
    """How many bytes of all sources were read, as they lie there."""

    n_bytes: int = 0


@dataclass
class Opened:
    """One file whose content is known to be text, or Parquet.

    Attributes:
        source: the file.
        compression: gzip, zstd, bzip2, xz, or None.
        encoding: as a report shows it; None for UTF-8.
        head: the first block's text, for detection; empty for Parquet.
        blocks: the whole text, head included; empty for Parquet.
        binary: the open file, for Parquet.
    """

    source: Source
    compression: str | None
    encoding: str | None
    head: str
    blocks: Iterator[str] = field(repr=False)
    binary: BinaryIO | None = field(default=None, repr=False)


@contextmanager
def opened(source: Source, *, counter: Counter) -> Iterator[Opened]:
    """Open a source, look at its first bytes, and close it at the block's end.

    Raises:
        SourceError: unreadable, empty, a Git LFS pointer, a web page, another kind of file than text or Parquet.
    """
    binary = source.open()
    try:
        yield _content(binary, source=source, counter=counter)
    finally:
        if source.name != STDIN:
            binary.close()


def _content(binary: BinaryIO, *, source: Source, counter: Counter) -> Opened:
    raw = _blocks(binary, source=source, counter=counter)
    first = next(raw, b"")
    compression = compression_of(first)
    plain: Iterator[bytes] = chain([first], raw)
    if compression:
        plain = unpacked(plain, compression=compression, name=source.name)
    head = _head(plain)
    if head.startswith(b"PAR1"):
        if compression or source.name == STDIN:
            how = "unpack it first" if compression else "name the file instead of standard input"
            raise SourceError(f"{source.name}: Parquet must be read from a plain file: {how}", reason="wrong_container")
        return Opened(source, None, None, "", iter(()), binary)
    codec = _codec(head, source=source)
    text = decoded(chain([head], plain), codec=codec)
    start = next(text, "")
    return Opened(source, compression, shown(codec), start, chain([start], text))


def _blocks(binary: BinaryIO, *, source: Source, counter: Counter) -> Iterator[bytes]:
    while True:
        try:
            block = binary.read(BLOCK)
        except Exception as error:  # a network's errors are of many kinds
            raise unreadable(source.name, error) from error
        if not block:
            return
        counter.n_bytes += len(block)
        yield block


def _head(plain: Iterator[bytes]) -> bytes:
    """The first block's worth of plain bytes: a pipe or an unpacker may hand out less at a time."""
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
        raise SourceError(f"{source.name} is a Git LFS pointer, not the data: {advice}", reason="lfs_pointer")
    if head[:4096].lstrip(b" \t\r\n\xef\xbb\xbf").lower().startswith(_HTML):
        advice = "the address shows the data on a page; fetch its raw or download address"
        raise SourceError(f"{source.name} is a web page, not the data: {advice}", reason="html_page")
    known = next((what for magic, what in _ARCHIVES.items() if head.startswith(magic)), None)
    if head.startswith(_TAR_MARKS, _TAR_START):
        known = "a tar archive: unpack it first"
    codec = None if known else encoding_of(head)
    if codec is None:
        raise SourceError(f"{source.name} is {known or 'not text'}", reason="binary_file")
    return codec
