"""Decompression of gzip, zstd, bzip2 and xz, block by block."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from catalog.errors import SourceError
from catalog.messages import one_line

MAGIC: dict[str, bytes] = {
    "gzip": b"\x1f\x8b",
    "zstd": b"\x28\xb5\x2f\xfd",
    "bzip2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
}

MAX_RATIO = 500
"""Maximum plain bytes per compressed byte. Records rarely exceed 20, repeated templates 200."""

FREE = 256 * 2**20
"""Plain bytes to which no ratio applies: a small file can repeat one value."""

_STEP = 2**20
"""Maximum plain bytes to unpack at once, which bounds the memory of a malicious block."""

_PIECE = 64 * 1024
"""Compressed bytes to unpack at once."""

_ZSTD_PIECE = 256

_MAX_WINDOW = 2**27
"""Maximum bytes of history of zstd and xz, above that of all default levels of their tools."""


class _Unpacker(Protocol):
    """One compressed member, the state of its end, and the bytes after it."""

    is_done: bool
    rest: bytes

    def feed(self, piece: bytes) -> Iterator[bytes]: ...


def compression_of(head: bytes) -> str | None:
    """Return the compression of a file with these first bytes, or None.

    >>> compression_of(b"\\x1f\\x8b\\x08"), compression_of(b"[")
    ('gzip', None)
    """
    return next((name for name, magic in MAGIC.items() if head.startswith(magic)), None)


def unpacked(blocks: Iterable[bytes], *, compression: str, name: str) -> Iterator[bytes]:
    """Yield the plain bytes of a file of one or more compressed members.

    Raises:
        SourceError: the file is damaged, truncated, or larger than `MAX_RATIO` allows.
    """
    budget = Expansion(name)
    damage = (OSError, zlib.error, lzma.LZMAError, ValueError, _zstd_error())
    try:
        for plain in _plain(blocks, _UNPACKERS[compression], budget):
            budget.add(len(plain))
            yield plain
    except EOFError as error:
        message = f"{name}: the {compression} file is truncated: download it again"
        raise SourceError(message, reason="corrupt_archive") from error
    except damage as error:
        message = f"{name}: the {compression} file is damaged: {one_line(error)}"
        raise SourceError(message, reason="corrupt_archive") from error


class Expansion:
    """Limit of a file's expansion to `MAX_RATIO`.

    Attributes:
        n_packed: compressed bytes so far.
        n_plain: plain bytes so far.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self.n_packed = 0
        self.n_plain = 0

    def add(self, n_plain: int) -> None:
        """Count plain bytes.

        Raises:
            SourceError: the ratio to the compressed bytes is too large.
        """
        self.n_plain += n_plain
        refuse_expansion(self._name, n_packed=self.n_packed, n_plain=self.n_plain)


def refuse_expansion(name: str, *, n_packed: int, n_plain: int) -> None:
    """Refuse content that is far larger than its compressed bytes.

    Raises:
        SourceError: it has more than `FREE` bytes, and more than `MAX_RATIO` per compressed byte.
    """
    if n_plain > FREE and n_plain > MAX_RATIO * n_packed:
        raise SourceError(
            f"{name}: {n_packed:,} bytes unpack to at least {n_plain:,}, more than {MAX_RATIO} "
            "times as many: if you trust the file, unpack it yourself",
            reason="too_large",
        )


def _plain(
    blocks: Iterable[bytes], start: Callable[[], _Unpacker], budget: Expansion
) -> Iterator[bytes]:
    current: _Unpacker | None = None
    for piece in _pieces(blocks):
        budget.n_packed += len(piece)
        while piece:
            if current is None:
                if not piece.strip(b"\0"):  # padding after the last member
                    break
                current = start()
            yield from current.feed(piece)
            if not current.is_done:
                break  # it has taken the whole piece
            piece, current = current.rest, None
    if current is not None:
        raise EOFError


def _pieces(blocks: Iterable[bytes]) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), _PIECE):
            yield block[start : start + _PIECE]


class _Gzip:
    """One gzip member."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.is_done = False
        self.rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        while piece:
            plain = self._inner.decompress(piece, _STEP)
            if plain:
                yield plain
            piece = self._inner.unconsumed_tail
        self.is_done = self._inner.eof
        self.rest = self._inner.unused_data


class _Bounded:
    """One bzip2 or xz member."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.is_done = False
        self.rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        inner = self._inner
        plain = inner.decompress(piece, _STEP)
        while plain or not (inner.eof or inner.needs_input):
            if plain:
                yield plain
            plain = b""
            if not inner.eof:
                plain = inner.decompress(b"", _STEP)
        self.is_done = inner.eof
        self.rest = inner.unused_data


class _Zstd:
    """One zstd frame, unpacked a few bytes at a time: four bytes can hold 128 KiB."""

    def __init__(self) -> None:
        import zstandard

        self._inner = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).decompressobj()
        self.is_done = False
        self.rest = b""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        held: list[bytes] = []
        n_held = 0
        for start in range(0, len(piece), _ZSTD_PIECE):
            plain = self._inner.decompress(piece[start : start + _ZSTD_PIECE])
            held.append(plain)
            n_held += len(plain)
            if n_held >= _STEP:
                yield b"".join(held)
                held, n_held = [], 0
            if self._inner.eof:
                self.is_done = True
                self.rest = self._inner.unused_data + piece[start + _ZSTD_PIECE :]
                break
        if n_held:
            yield b"".join(held)


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "gzip": _Gzip,
    "bzip2": lambda: _Bounded(bz2.BZ2Decompressor()),
    "xz": lambda: _Bounded(lzma.LZMADecompressor(memlimit=2 * _MAX_WINDOW)),
    "zstd": _Zstd,
}


def _zstd_error() -> type[Exception]:
    import zstandard

    error: type[Exception] = zstandard.ZstdError
    return error
