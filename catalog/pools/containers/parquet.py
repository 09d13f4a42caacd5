"""Parquet, batch by batch."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa

from catalog.errors import SourceError
from catalog.pools.containers.records import Record

_ROWS = 1024


def parquet(binary: BinaryIO, *, name: str) -> Iterator[Record]:
    """The rows as objects; a position is a row from 0. Columns that are null count as absent.

    A message of exactly role, content and extra is the catalog's own, whose extra is the JSON object of its other keys (a Parquet
    struct has the same keys in every row): they become keys of the message again.

    Raises:
        SourceError: the file is damaged.
    """
    from pyarrow.parquet import ParquetFile

    try:
        binary.seek(0)
        file = ParquetFile(binary)
        is_ours = _has_extras(file.schema_arrow)
        n = 0
        for batch in file.iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                record = {key: value for key, value in row.items() if value is not None}
                if is_ours and "messages" in record:
                    record["messages"] = [_with_extras(message) for message in record["messages"]]
                yield n, record, None
                n += 1
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{name}: the Parquet file is damaged: {error}", reason="corrupt_archive") from error


def _has_extras(schema: pa.Schema) -> bool:
    if "messages" not in schema.names or not pa.types.is_list(schema.field("messages").type):
        return False
    message = schema.field("messages").type.value_type
    return pa.types.is_struct(message) and [field.name for field in message] == ["role", "content", "extra"]


def _with_extras(message: dict[str, Any]) -> dict[str, Any]:
    try:
        extra = json.loads(message["extra"] or "{}")
    except json.JSONDecodeError:
        extra = None
    if not isinstance(extra, dict):  # somebody else's column of that name
        return message
    return {"role": message["role"], "content": message["content"]} | extra
