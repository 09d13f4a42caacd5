"""Parquet: the columns of `jsonl` with their types, compressed with zstd, in row groups.

===========  ==========================================================================================================
fingerprint  string
messages     list<struct<role string, content string, extra string>>; the system prompt is the first; extra is the JSON
             object text of a message's other keys, or NULL
tools        string, JSON text as a rule, or NULL
source       string
labels       list<string>, or NULL
metadata     string, the JSON object text, or NULL
===========  ==========================================================================================================

The types are declared, so a loader need not guess them: this is the file for large pools with tools. TRL's SFTTrainer reads messages and
tools from it; what stands in extra (tool_calls among it) it does not see.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import pyarrow as pa

from catalog.subsets.export.tally import Tally

MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string()), ("extra", pa.string())]))
SCHEMA = pa.schema(
    [
        ("fingerprint", pa.string()),
        ("messages", MESSAGES),
        ("tools", pa.string()),
        ("source", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("metadata", pa.string()),
    ]
)
ROW_GROUP_ROWS = 50_000
ROW_GROUP_BYTES = 64 * 2**20
"""A row group ends at whichever comes first: readers hold one at a time, and so does the writer."""


def parquet(batches: Iterable[pa.RecordBatch], file: IO[bytes], *, tally: Tally) -> None:
    """Write batches, as `catalog.subsets.export.export` describes them, to an open file."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(_converted(batch))
            tally.n_instructions += batch.num_rows
            if sum(part.num_rows for part in waiting) >= ROW_GROUP_ROWS or sum(part.nbytes for part in waiting) >= ROW_GROUP_BYTES:
                _write_group(writer, waiting)
        _write_group(writer, waiting)


def _write_group(writer: Any, waiting: list[pa.RecordBatch]) -> None:
    if waiting:
        writer.write_table(pa.Table.from_batches(waiting, schema=SCHEMA))
        waiting.clear()


def _converted(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch under SCHEMA, its texts as they are."""
    columns = [_messages(batch) if field.name == "messages" else batch.column(field.name).cast(field.type) for field in SCHEMA]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _messages(batch: pa.RecordBatch) -> pa.ListArray:
    """The messages, each system prompt before those of its record."""
    column, systems = batch.column("messages"), batch.column("system")
    if systems.null_count == len(systems):
        return column.cast(MESSAGES)
    turns = column.flatten()
    old = [turns.field(name).to_pylist() for name in ("role", "content", "extra")]
    new: list[list[str | None]] = [[], [], []]
    offsets = [0]
    start = 0
    for length, system in zip(column.value_lengths().to_pylist(), systems.to_pylist(), strict=True):
        first = () if system is None else ("system", system, None)
        for values, before, prompt in zip(new, old, first or (None,) * 3, strict=True):
            if first:
                values.append(prompt)
            values += before[start : start + length]
        start += length
        offsets.append(len(new[0]))
    structs = pa.StructArray.from_arrays([pa.array(values, pa.string()) for values in new], fields=list(MESSAGES.value_type))
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=MESSAGES)
