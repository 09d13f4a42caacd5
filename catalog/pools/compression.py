"""Compressed bytes as plain ones, block by block: gzip, zstd, bzip2, xz, known by their first bytes."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from catalog.errors import SourceError

MAGIC: dict[str, bytes] = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "bzip2": b"BZh", "xz": b"\xfd7zXZ\x00"}

_STEP = 64 * 1024
"""Compressed bytes that are unpacked at once: a block that was made to explode must not fill the memory."""


def compression_of(head: bytes) -> str | None:
    """The compression that a file's first bytes show, or None.

    >>> compression_of(b"\\x1f\\x8b\\x08"), compression_of(b"[")
    ('gzip', None)
    """
    return next((name for name, magic in MAGIC.items() if head.startswith(magic)), None)


def unpacked(blocks: Iterable[bytes], *, compression: str, name: str) -> Iterator[bytes]:
    """The plain bytes of a file that may hold several compressed members one after another.

    Raises:
        SourceError: damaged, or cut before its end.
    """
    start = _decompressor(compression)
    current: Any = None
    try:
        for piece in _pieces(blocks):
            while piece:
                if current is None:
                    if not piece.strip(b"\0"):  # tape padding after the last member
                        break
                    current = start()
                plain = current.decompress(piece)
                if plain:
                    yield plain
                piece = current.unused_data if current.eof else b""
                current = None if current.eof else current
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, _zstd_error()) as error:
        raise SourceError(f"{name}: the {compression} file is damaged: {error}", reason="corrupt_archive") from error
    if current is not None:
        raise SourceError(f"{name}: the {compression} file is cut before its end; fetch it again", reason="corrupt_archive")


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), _STEP):
            yield block[start : start + _STEP]


def _decompressor(compression: str) -> Callable[[], Any]:
    """A maker of objects with ``decompress``, ``eof`` and ``unused_data``."""
    if compression == "zstd":
        import zstandard

        return lambda: zstandard.ZstdDecompressor().decompressobj()
    makers: dict[str, Callable[[], Any]] = {
        "gzip": lambda: zlib.decompressobj(wbits=31),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lzma.LZMADecompressor,
    }
    return makers[compression]


def _zstd_error() -> type[Exception]:
    import zstandard

    error: type[Exception] = zstandard.ZstdError
    return error
