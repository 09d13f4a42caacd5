"""Parquet, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa

from catalog.errors import SourceError
from catalog.pools.containers.records import Record

_ROWS = 1024


def parquet(binary: BinaryIO, *, name: str) -> Iterator[Record]:
    """The rows as objects; a position is a row from 0. Columns that are null count as absent.

    Raises:
        SourceError: the file is damaged.
    """
    from pyarrow.parquet import ParquetFile

    try:
        binary.seek(0)
        file = ParquetFile(binary)
        n = 0
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                yield n, {key: value for key, value in row.items() if value is not None}, None
                n += 1
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{name}: the Parquet file is damaged: {error}", reason="corrupt_archive") from error
