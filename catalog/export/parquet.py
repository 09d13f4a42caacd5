"""Parquet: the columns of `jsonl` with their types, compressed with zstd, in row groups.

=================  ===========================================================================
fingerprint        string
messages           list<struct<role string, content string, extra string>>; the system prompt
                   comes first; extra is the JSON object of a message's other keys, or NULL
tools              string, the JSON text of a list of objects, or NULL
media              string, the JSON text of a list of objects, or NULL
source             string
abilities          list<string>, the record's labels, or NULL
metadata           string, the JSON text of an object, or NULL
rejected_messages  string, the JSON text of a list of answers, or NULL; only in a file with a
                   rejected answer
functions          string, any other text of tools, or NULL; only in a file with such tools
=================  ===========================================================================

The schema declares the types, so a loader need not guess them, and nothing is lost. TRL's
SFTTrainer reads messages and tools from it and ignores extra (with tool_calls).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import pyarrow as pa

from catalog.export.record import is_tool_list
from catalog.export.registry import exporter
from catalog.export.survey import Survey

MESSAGES = pa.list_(
    pa.struct([("role", pa.string()), ("content", pa.string()), ("extra", pa.string())])
)
SCHEMA = pa.schema(
    [
        ("fingerprint", pa.string()),
        ("messages", MESSAGES),
        ("tools", pa.string()),
        ("media", pa.string()),
        ("source", pa.string()),
        ("abilities", pa.list_(pa.string())),
        ("metadata", pa.string()),
    ]
)
REJECTED = pa.field("rejected_messages", pa.string())
FUNCTIONS = pa.field("functions", pa.string())
RENAMED = {"rejected_messages": "rejected", "abilities": "labels"}
"""Columns with another name in the catalog, to which a trainer gives another meaning."""

ROW_GROUP_ROWS = 50_000
ROW_GROUP_BYTES = 64 * 2**20
"""The limits of a row group. Readers and the writer hold one row group in memory."""


@exporter("parquet", layout="table", suffixes=(".parquet",), loses="nothing")
def parquet(batches: Iterable[pa.RecordBatch], file: IO[bytes], *, survey: Survey) -> int:
    """Write batches to an open Parquet file, and return the number of rows."""
    import pyarrow.parquet as pq

    schema = SCHEMA
    if survey.n_rejected:
        schema = schema.append(REJECTED)
    if survey.n_other_tools:
        schema = schema.append(FUNCTIONS)
    n_rows = 0
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        waiting: list[pa.RecordBatch] = []
        for batch in batches:
            waiting.append(_converted(batch, schema))
            n_rows += batch.num_rows
            if (
                sum(part.num_rows for part in waiting) >= ROW_GROUP_ROWS
                or sum(part.nbytes for part in waiting) >= ROW_GROUP_BYTES
            ):
                _write_group(writer, waiting, schema)
        _write_group(writer, waiting, schema)
    return n_rows


def _write_group(writer: Any, waiting: list[pa.RecordBatch], schema: pa.Schema) -> None:
    if waiting:
        writer.write_table(pa.Table.from_batches(waiting, schema=schema))
        waiting.clear()


def _converted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the batch under a schema, its texts unchanged."""
    arrays = {"messages": _messages(batch)}
    if FUNCTIONS.name in schema.names:
        tools = batch.column("tools").to_pylist()
        lists = [text if is_tool_list(text) else None for text in tools]
        others = [None if is_tool_list(text) else text for text in tools]
        arrays["tools"] = pa.array(lists, pa.string())
        arrays[FUNCTIONS.name] = pa.array(others, pa.string())
    for field in schema:
        if field.name not in arrays:
            column = batch.column(RENAMED.get(field.name, field.name))
            arrays[field.name] = column.cast(field.type)
    columns = [arrays[name] for name in schema.names]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _messages(batch: pa.RecordBatch) -> pa.ListArray:
    """Return the messages, with each system prompt before those of its record."""
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
    structs = pa.StructArray.from_arrays(
        [pa.array(values, pa.string()) for values in new], fields=list(MESSAGES.value_type)
    )
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), structs, type=MESSAGES)
