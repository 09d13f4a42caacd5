"""Open a file: detect its kind from its content, and read its text as a stream of blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, BinaryIO, Literal

from catalog.errors import SourceError
from catalog.pools.file_bytes import BLOCK, FileBytes
from catalog.pools.readers.encoding import decoded, encoding_of, shown
from catalog.pools.sources import Source

_KNOWN = {
    b"%PDF": "a PDF file",
    b"FEA1": "a Feather file of version 1: save it as Parquet or JSON Lines",
    b"\xd0\xcf\x11\xe0": "an Office file of before 2007: save it as .xlsx or CSV",
    b"\x89HDF": "an HDF5 file",
    b"SQLite format 3": "a SQLite database: export its table as CSV or JSON Lines",
    b"\x93NUMPY": "a NumPy array",
    b"7z\xbc\xaf": "a 7z archive: unpack it first",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"Obj\x01": "an Avro file: save it as Parquet or JSON Lines",
    b"ORC": "an ORC file: save it as Parquet or JSON Lines",
}
_LFS = (b"version https://git-lfs.github.com/spec/", b"# xet version")
_HTML = (b"<!doctype html", b"<html", b"<head", b"<body", b"<?xml", b"<!--")


Kind = Literal["text", "parquet", "arrow", "excel", "frame"]


@dataclass
class Opened:
    """Open file that is text or a table.

    Attributes:
        source: the file; its name includes its place in an archive or workbook.
        compression: gzip, zstd, bzip2, xz, or None.
        encoding: the name of the encoding in a report; None for UTF-8.
        head: the text of the first block, for detection; empty for a table.
        blocks: the whole text, including the head; empty for a table.
        kind: the kind of the file.
        binary: the open file, for Parquet.
        packed: the whole content, for Arrow.
        sheet: an openpyxl worksheet, for Excel.
        notes: notes about the file. Its archive adds to them after its last member.
        raw: the bytes of the file as it is stored; None for a frame.
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
    raw: FileBytes | None = field(default=None, repr=False)

    def size_and_sha256(self) -> tuple[int | None, str | None]:
        """Read what is left of the file, and return its bytes and their hash.

        A member of an archive counts as a file, and a sheet has those of its workbook.
        """
        if self.raw is None:
            return None, None
        sha256 = self.raw.sha256(is_sought=self.kind in ("parquet", "excel"))
        return self.raw.n_bytes, sha256


def text(plain: Iterator[bytes], head: bytes, *, source: Source, compression: str | None) -> Opened:
    """Return a file of text.

    Args:
        plain: the bytes after the head.
        head: the first block of its plain bytes.
        source: the file.
        compression: the file's compression, or None.

    Raises:
        SourceError: the file is empty, a Git LFS pointer, a web page, or not text.
    """
    codec = _codec(head, source=source)
    blocks = decoded(chain([head], plain), codec=codec)
    start = next(blocks, "")
    return Opened(source, compression, shown(codec), start, chain([start], blocks))


def head_of(plain: Iterator[bytes]) -> bytes:
    """Return the first block of plain bytes, from as many reads as that takes."""
    parts: list[bytes] = []
    n_bytes = 0
    for block in plain:
        parts.append(block)
        n_bytes += len(block)
        if n_bytes >= BLOCK:
            break
    return b"".join(parts)


def _codec(head: bytes, *, source: Source) -> str:
    """Return the encoding of a file of text.

    Raises:
        SourceError: the file is not text.
    """
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise SourceError(f"{source.name} is empty", reason="empty_file")
    if head.startswith(_LFS):
        advice = "run `git lfs pull` in its repository, or fetch the data"
        raise SourceError(
            f"{source.name} is a Git LFS pointer, not the data: {advice}", reason="lfs_pointer"
        )
    if head[:4096].lstrip(b" \t\r\n\xef\xbb\xbf").lower().startswith(_HTML):
        advice = "use the raw or download address of the data"
        raise SourceError(
            f"{source.name} is a web page, not the data: {advice}", reason="html_page"
        )
    known = next((what for magic, what in _KNOWN.items() if head.startswith(magic)), None)
    codec = None if known else encoding_of(head)
    if codec is None:
        raise SourceError(f"{source.name} is {known or 'not text'}", reason="binary_file")
    return codec
