"""Rows of an answer as CSV and JSON text, written by DuckDB batch by batch.

A second DuckDB, which never sees the user's SQL, formats the Arrow batches. Row by row in Python
this takes about ten times the processor time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from catalog.store.quoting import literal, quoted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CHUNK = 1 << 20  # bytes
FRACTIONS = frozenset(("float", "double"))
ROUNDED = frozenset(("decimal", "hugeint", "uhugeint", "bignum"))
"""Types whose numbers readers of JSON round: they are written as text."""
MOMENTS = frozenset(
    ("timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone")
)
NESTED = frozenset(("list", "array", "struct", "map", "union"))


def write_csv(reader: pa.RecordBatchReader, file: IO[bytes]) -> int:
    """Write a header and one line a row, in which lists and objects are JSON.

    Returns:
        The number of rows.
    """
    file.write(",".join(_csv_name(name) for name in reader.schema.names).encode() + b"\n")
    return _write(reader, file, options="FORMAT csv, HEADER false", is_flat=True)


def write_json_lines(reader: pa.RecordBatchReader, file: IO[bytes]) -> int:
    """Write one JSON object a line.

    Returns:
        The number of rows.
    """
    return _write(reader, file, options="FORMAT json", is_flat=False)


def write_json(reader: pa.RecordBatchReader, file: IO[bytes]) -> int:
    """Write one JSON array, each row on a line of its own.

    Returns:
        The number of rows.
    """
    array = _ArrayFile(file)
    n_rows = _write(reader, array, options="FORMAT json", is_flat=False)
    array.end()
    return n_rows


class _ArrayFile:
    """Lines of JSON, written on as the items of one array."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.is_empty = True
        self.is_between = True  # whether the next byte begins a row

    def write(self, lines: bytes) -> None:
        if not lines:
            return
        if self.is_between:
            self.file.write(b"[\n  " if self.is_empty else b",\n  ")
        self.is_empty = False
        self.is_between = lines.endswith(b"\n")
        self.file.write(lines.removesuffix(b"\n").replace(b"\n", b",\n  "))

    def end(self) -> None:
        self.file.write(b"[]\n" if self.is_empty else b"\n]\n")


def _write(
    reader: pa.RecordBatchReader, file: IO[bytes] | _ArrayFile, *, options: str, is_flat: bool
) -> int:
    """Format each batch into a file of its own, and append that."""
    n_rows = 0
    with _formatter() as (connection, part):
        for batch in reader:
            _format(connection, batch, part, options=options, is_flat=is_flat)
            with part.open("rb") as lines:
                while chunk := lines.read(CHUNK):
                    file.write(chunk)
            n_rows += batch.num_rows
    return n_rows


@contextmanager
def _formatter() -> Iterator[tuple[duckdb.DuckDBPyConnection, Path]]:
    import tempfile

    from catalog.store.instance import in_memory

    with tempfile.TemporaryDirectory(prefix="catalog-rows-") as folder, in_memory() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection, Path(folder) / "part"


def _format(
    connection: duckdb.DuckDBPyConnection,
    batch: pa.RecordBatch,
    path: Path,
    *,
    options: str,
    is_flat: bool,
) -> None:
    import pyarrow as pa

    names = batch.schema.names
    columns = [f"c{index}" for index in range(len(names))]  # names may differ in case alone
    connection.register("batch", pa.Table.from_batches([batch]).rename_columns(columns))
    types = connection.sql("FROM batch").types
    as_value = _flat if is_flat else _value
    selected = ", ".join(
        f"{as_value(column, type_)} AS {quoted(name)}"
        for column, type_, name in zip(columns, types, names, strict=True)
    )
    connection.execute(f"COPY (SELECT {selected} FROM batch) TO {literal(path)} ({options})")


def _flat(column: str, type_: Any) -> str:
    """Return the SQL of a CSV cell."""
    value = _value(column, type_)
    if type_.id in NESTED:
        return f"CAST(to_json({value}) AS VARCHAR)"
    return value


def _value(column: str, type_: Any, depth: int = 0) -> str:
    """Return the SQL of a value in JSON: NULL for NaN and infinity, hexadecimal bytes."""
    kind = type_.id
    if kind in FRACTIONS:
        return f"CASE WHEN isfinite({column}) THEN {column} END"
    if kind in ROUNDED:
        return f"CAST({column} AS VARCHAR)"
    if kind in MOMENTS:
        return f"replace(CAST({column} AS VARCHAR), ' ', 'T')"
    if kind == "blob":
        return f"lower(hex({column}))"
    if kind in ("list", "array"):
        item = f"i{depth}"
        item_type = next(child for name, child in type_.children if name == "child")
        return f"list_transform({column}, lambda {item}: {_value(item, item_type, depth + 1)})"
    if kind == "struct":
        return _object(column, type_, depth)
    return column


def _object(column: str, type_: Any, depth: int) -> str:
    fields = ", ".join(
        f"{quoted(name)} := {_value(f'{column}.{quoted(name)}', child, depth)}"
        for name, child in type_.children
    )
    return f"CASE WHEN {column} IS NOT NULL THEN struct_pack({fields}) END"


def _csv_name(name: str) -> str:
    if re.search(r'[",\r\n]', name):
        return quoted(name)
    return name
