"""Parquet, row group by row group."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from catalog.errors import SourceError
from catalog.messages import one_line
from catalog.pools.readers.arrow_rows import AT_ONCE, MOST_ROWS, refuse_types, rows
from catalog.pools.readers.compression import refuse_expansion
from catalog.pools.readers.records import Record

_HEADER = 64
"""Bytes of a dictionary page's head that include its size."""


def parquet(binary: BinaryIO, *, name: str) -> Iterator[Record]:
    """Yield the rows as objects without null fields. A position is a row from 0.

    A message of exactly role, content and extra is one of the catalog's exports. Its extra is the
    JSON object of its other keys, which become keys of the message again.

    Raises:
        SourceError: the file is damaged, or expands too far.
    """
    from pyarrow.parquet import ParquetFile

    n = 0
    try:
        binary.seek(0)
        file = ParquetFile(binary)
        refuse_types(file.schema_arrow, name=name)
        n_bytes = binary.seek(0, io.SEEK_END)
        # A row counts as one byte, because a null takes none.
        refuse_expansion(name, n_packed=n_bytes, n_plain=file.metadata.num_rows)
        for group in range(file.metadata.num_row_groups):
            step = _step(binary, file.metadata.row_group(group), name=name)
            for batch in file.iter_batches(batch_size=step, row_groups=[group]):
                yield from rows(batch, first=n, name=name)
                n += batch.num_rows
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        raise SourceError(
            f"{name}: the Parquet file is damaged: {one_line(error)}", reason="corrupt_archive"
        ) from error


def _step(binary: BinaryIO, group: Any, *, name: str) -> int:
    """Return the number of rows to read at once, small enough for rows of the largest values.

    A column stores a repeated value once: 1,024 rows of a value of 4 MB are a file of 5 KB.

    Raises:
        SourceError: the row group expands too far.
    """
    most = 0.0
    for index in range(group.num_columns):
        column = group.column(index)
        n_packed, n_plain = column.total_compressed_size, column.total_uncompressed_size
        refuse_expansion(
            f"{name}, column {column.path_in_schema}", n_packed=n_packed, n_plain=n_plain
        )
        if column.has_dictionary_page:
            n_values = column.num_values / max(group.num_rows, 1)
            most += n_values * _dictionary_size(binary, column)
    if most:
        return int(min(MOST_ROWS, max(1, AT_ONCE / most)))
    return MOST_ROWS


def _dictionary_size(binary: BinaryIO, column: Any) -> int:
    """Return the bytes of a column's dictionary, an upper bound of its values.

    A page begins with its kind, its plain size and its packed size, as varints of Thrift's compact
    protocol, each after one byte of type.
    """
    binary.seek(column.dictionary_page_offset)
    head = iter(binary.read(_HEADER))
    next(head, None)
    _varint(head)
    next(head, None)
    return min(_varint(head) >> 1, int(column.total_uncompressed_size))


def _varint(data: Iterator[int]) -> int:
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value
