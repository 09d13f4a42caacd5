"""Columns of fingerprints as 32 bytes a row instead of 64 characters, for relations of millions.

A fingerprint is the hexadecimal text of a sha256. Its 32 bytes say all of it and have its order, so
no answer depends on the form: ties, hashes of the text, and what SQL shows stay the same. The texts
of ten million members take 680 MB, their bytes 320 MB, and Arrow's offsets of 32 bits end at 33
million texts.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

COLUMN = "fingerprint"
BYTES = pa.binary(32)
LARGE = 2_000_000
"""Rows from which a relation holds bytes. To convert fewer costs more time than it saves memory."""
_ROWS = 65_536  # that are converted at once
_DIGITS = "0123456789abcdef"
_NO_DIGIT = 255
_VALUES = np.full(256, _NO_DIGIT, dtype=np.uint8)  # of a character
_VALUES[np.frombuffer(_DIGITS.encode(), dtype=np.uint8)] = np.arange(16)
_PAIRS = np.array([list(f"{byte:02x}".encode()) for byte in range(256)], dtype=np.uint8)
_TEXTS = _PAIRS.view(np.uint16).reshape(-1)  # the two characters of a byte


def is_large(n_rows: int) -> bool:
    """Return whether a relation of that many rows holds bytes."""
    return n_rows >= LARGE


def narrowed(rows: pa.Table) -> pa.Table:
    """Return rows with the bytes of their fingerprints.

    Rows without fingerprints, and with any other text as one, stay as they are.

    >>> rows = pa.table({"fingerprint": ["0a" * 32]})
    >>> narrowed(rows)["fingerprint"].to_pylist() == [bytes([10]) * 32]
    True
    >>> narrowed(pa.table({"fingerprint": ["b"]}))["fingerprint"].to_pylist()
    ['b']
    """
    place = rows.schema.get_field_index(COLUMN)
    if place < 0 or rows.schema.field(place).type == BYTES:
        return rows
    column = rows.column(place)
    chunks = [_bytes_of(chunk) for chunk in column.chunks]
    known = [chunk for chunk in chunks if chunk is not None]
    if len(known) < len(chunks):
        return rows
    return rows.set_column(place, COLUMN, pa.chunked_array(known, type=BYTES))


def widened(rows: pa.Table, *, besides: str | None = None) -> pa.Table:
    """Return rows with texts in all columns that hold fingerprints as bytes, but for one.

    >>> texts = pa.table({"fingerprint": ["0a" * 32]})
    >>> widened(narrowed(texts)).equals(texts)
    True
    """
    for place, field in enumerate(rows.schema):
        if field.type == BYTES and field.name != besides:
            texts = [_texts_of(part) for part in _parts(rows.column(place))]
            rows = rows.set_column(place, field.name, pa.chunked_array(texts, type=pa.string()))
    return rows


def alike(relations: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return a kernel's relations with the fingerprints of all as bytes, or of all as texts.

    They are bytes where one relation is large, or is of bytes, and all can be.
    """
    given = {name: widened(rows, besides=COLUMN) for name, rows in relations.items()}
    if not any(is_large(rows.num_rows) or _is_narrow(rows) for rows in given.values()):
        return given
    narrow = {name: narrowed(rows) for name, rows in given.items()}
    if all(_is_narrow(rows) for rows in narrow.values() if COLUMN in rows.column_names):
        return narrow
    return {name: widened(rows) for name, rows in given.items()}


def texts(column: pa.ChunkedArray) -> list[str]:
    """Return the texts of a column of fingerprints in either form."""
    return [
        text
        for part in _parts(column)
        for text in (_texts_of(part) if part.type == BYTES else part).to_pylist()
    ]


def _is_narrow(rows: pa.Table) -> bool:
    return COLUMN in rows.column_names and rows.schema.field(COLUMN).type == BYTES


def _parts(column: pa.ChunkedArray) -> list[pa.Array]:
    """Return slices of a column that are small enough for offsets of 32 bits."""
    return [
        chunk.slice(start, 2**20)
        for chunk in column.chunks
        for start in range(0, len(chunk), 2**20)
    ]


def _bytes_of(texts: pa.Array) -> pa.Array | None:
    """Return texts of 64 hexadecimal digits as bytes; None if one is anything else."""
    n = len(texts)
    if texts.null_count or not (
        pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)
    ):
        return None
    if not n:
        return pa.array([], type=BYTES)
    _, ends, data = texts.buffers()
    wide = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    at = np.frombuffer(ends, dtype=wide)[texts.offset : texts.offset + n + 1]
    if not (np.diff(at) == 2 * BYTES.byte_width).all():
        return None
    characters = np.frombuffer(data, dtype=np.uint8)[at[0] : at[-1]]
    found = np.empty(n * BYTES.byte_width, dtype=np.uint8)
    step = _ROWS * BYTES.byte_width
    for start in range(0, len(found), step):
        values = _VALUES[characters[2 * start : 2 * (start + step)]]
        if values.max() == _NO_DIGIT:
            return None
        found[start : start + step] = values[0::2] << 4 | values[1::2]
    return pa.Array.from_buffers(BYTES, n, [None, pa.py_buffer(found)])


def _texts_of(values: pa.Array) -> pa.Array:
    """Return the texts of at most 2**20 fingerprints of bytes; NULL stays NULL."""
    n, width = len(values), BYTES.byte_width
    data = np.frombuffer(values.buffers()[1], dtype=np.uint8)
    characters = _TEXTS[data[values.offset * width : (values.offset + n) * width]]
    ends = np.arange(n + 1, dtype=np.int32) * (2 * width)
    found = pa.Array.from_buffers(
        pa.string(), n, [None, pa.py_buffer(ends), pa.py_buffer(characters)]
    )
    if not values.null_count:
        return found
    import pyarrow.compute as pc

    return pc.if_else(values.is_valid(), found, pa.scalar(None, pa.string()))
