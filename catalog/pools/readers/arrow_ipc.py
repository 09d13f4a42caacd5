"""Arrow IPC, as files and as streams, record batch by record batch."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from catalog.errors import SourceError
from catalog.messages import one_line
from catalog.pools.archives import Joined
from catalog.pools.readers.arrow_rows import refuse_types, rows
from catalog.pools.readers.compression import refuse_expansion
from catalog.pools.readers.records import Record

MAX_BATCH = 2 * 2**30
"""Maximum bytes of one message, a record batch or a dictionary, which is read at once."""

FILE = b"ARROW1\0\0"
STREAM = b"\xff\xff\xff\xff"
_END = STREAM + bytes(4)
_RECORD_BATCH, _DICTIONARY = 3, 2
_LONGEST_SCHEMA = 16 * 2**20


def is_stream(head: bytes) -> bool:
    """Return whether a file begins as an Arrow stream, with a mark, a length and a schema.

    >>> is_stream(STREAM + (8).to_bytes(4, "little") + bytes(8)), is_stream(STREAM)
    (True, False)
    """
    size = int.from_bytes(head[4:8], "little", signed=True)
    return (
        head.startswith(STREAM)
        and len(head) >= 16
        and 0 < size <= _LONGEST_SCHEMA
        and size % 8 == 0
    )


def arrow_ipc(blocks: Iterator[bytes], *, name: str) -> Iterator[Record]:
    """Yield the rows as objects without null columns. A position is a row from 0.

    A file is a stream between a mark and a footer, so it is read as a stream; the footer only lists
    places.

    Raises:
        SourceError: the file is damaged or truncated, or a batch is too large.
    """
    n = 0
    try:
        for batch in _batches(_Messages(blocks, name=name), name=name):
            batch.validate(full=True)
            yield from rows(batch, first=n, name=name)
            n += batch.num_rows
    except (
        pa.ArrowException,
        OSError,
        ValueError,
        MemoryError,
        OverflowError,
        EOFError,
        struct.error,
    ) as error:
        raise SourceError(
            f"{name}: the Arrow file is damaged: {one_line(error)}", reason="corrupt_archive"
        ) from error


class _Messages:
    """A stream's messages, each checked before Arrow allocates memory for it."""

    def __init__(self, blocks: Iterator[bytes], *, name: str) -> None:
        self._source = Joined(blocks)
        self._name = name
        self.n_bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        first = self._read(8)
        if first != FILE:
            yield from self._message(first)
        while True:
            head = self._read(8)
            if head == _END:
                return
            yield from self._message(head)

    def _message(self, head: bytes) -> Iterator[bytes]:
        size = int.from_bytes(head[4:8], "little", signed=True)
        if not head.startswith(STREAM) or not 0 < size <= _LONGEST_SCHEMA:
            raise ValueError("a message has no valid start")
        about = self._read(size)
        kind, header, n_body = _header(about)
        if not 0 <= n_body <= MAX_BATCH:
            refuse_batch(self._name, n_body)
        body = self._read(n_body)
        batch = _field(about, header, 1) if kind == _DICTIONARY else header
        if kind in (_RECORD_BATCH, _DICTIONARY) and batch is not None:
            self._refuse_expansion(about, batch, body)
        yield head
        yield about
        yield body

    def _refuse_expansion(self, about: bytes, batch: int, body: bytes) -> None:
        """Refuse a batch whose rows or compressed buffers state too large a size."""
        n_rows = _place(about, batch, 0)
        # A row counts as one byte, because a row of nulls takes none.
        n_plain = _size(about, n_rows)
        buffers = _field(about, batch, 2)
        if _field(about, batch, 3) is not None and buffers is not None:
            for offset, length in _pairs(about, buffers):
                if length >= 8 and 0 <= offset <= len(body) - 8:
                    n_plain += max(0, _int(body, offset, "<q"))
        if n_plain > MAX_BATCH:
            refuse_batch(self._name, n_plain)
        refuse_expansion(self._name, n_packed=len(body), n_plain=n_plain)

    def _read(self, size: int) -> bytes:
        data = self._source.read(size)
        if len(data) < size:
            raise EOFError("the file is truncated")
        return data


def refuse_batch(name: str, n_bytes: int) -> None:
    """Refuse a batch that is too large.

    Raises:
        SourceError: always.
    """
    message = (
        f"{name} has a record batch of {n_bytes:,} bytes, the limit is {MAX_BATCH:,}: "
        "write smaller batches"
    )
    raise SourceError(message, reason="too_large")


def _batches(messages: _Messages, *, name: str) -> Iterator[pa.RecordBatch]:
    reader = pa.ipc.open_stream(pa.PythonFile(Joined(iter(messages)), mode="r"))
    refuse_types(reader.schema, name=name)
    yield from reader


# The head of a message is a flatbuffer: tables whose first word refers to the places of their
# fields.


def _header(about: bytes) -> tuple[int, int, int]:
    """Return a message's kind, the place of its header, and the bytes of its body."""
    message = _int(about, 0, "<I")
    kind, header, n_body = (_place(about, message, field) for field in (1, 2, 3))
    if kind is None or header is None:
        raise ValueError("a message has no header")
    return _int(about, kind, "<B"), header + _int(about, header, "<I"), _size(about, n_body)


def _size(about: bytes, place: int | None) -> int:
    """Return the 64-bit number at a place; 0 for an absent field."""
    if place is None:
        return 0
    return _int(about, place, "<q")


def _place(about: bytes, table: int, field: int) -> int | None:
    """Return the place of a table's field, or None."""
    vtable = table - _int(about, table, "<i")
    slot = 4 + 2 * field
    if slot >= _int(about, vtable, "<H"):
        return None
    offset = _int(about, vtable + slot, "<H")
    if not offset:
        return None
    return table + offset


def _field(about: bytes, table: int, field: int) -> int | None:
    """Return the place to which a table's field refers, or None."""
    place = _place(about, table, field)
    if place is None:
        return None
    return place + _int(about, place, "<I")


def _pairs(about: bytes, place: int) -> Iterator[tuple[int, int]]:
    """Yield a vector's structs of two 64-bit numbers."""
    for n in range(_int(about, place, "<I")):
        yield struct.unpack_from("<qq", about, place + 4 + 16 * n)


def _int(about: bytes, place: int, form: str) -> int:
    if place < 0:
        raise ValueError("the head of a message is not a flatbuffer")
    value: Any = struct.unpack_from(form, about, place)[0]
    return int(value)
