"""Published tables: Parquet, CSV, JSON Lines, NumPy, safetensors, detected from the content."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from catalog.arrow import from_numpy
from catalog.compute.imports.tensors import read_npy, read_safetensors
from catalog.errors import CatalogError, SourceError
from catalog.messages import listed, one_line
from catalog.store.file_hash import sha256_of
from catalog.store.file_systems import open_file

Columns = Sequence[str] | None
"""The columns to read; None reads all at the top level."""


@dataclass(frozen=True)
class Published:
    """Columns of a table, in the order of its rows.

    Attributes:
        file: its name, for messages.
        columns: a name and its values: an Arrow array, or of a matrix an array of shape (n_rows,
            n_columns).
        n_rows: rows.
    """

    file: str
    columns: dict[str, Any]
    n_rows: int

    def column(self, name: str) -> Any:
        """Return one column by name.

        Raises:
            SourceError: the table has no such column.
        """
        if name not in self.columns:
            raise _no_column(self.file, name, list(self.columns))
        return self.columns[name]


def read_table(path: str, *, columns: Columns = None, optional: Sequence[str] = ()) -> Published:
    """Read a published table.

    Args:
        path: a file or URL; gzip and zstd are decompressed.
        columns: names, or dotted paths into nested records such as ``gpt4omini.overall``; None
            reads all columns at the top level.
        optional: names of more columns, which are read where they exist.

    Raises:
        SourceError: the file cannot be read, or a column is missing.
    """
    name = Path(path).name
    try:
        with open_file(path, is_unpacked=True) as file:
            head = file.read(8)
            file.seek(0)
            return _reader(head, name)(file, name, columns, optional)
    except CatalogError:
        raise
    except Exception as error:  # readers and decompressors of six libraries, on damaged bytes
        raise SourceError(f"{path}: cannot be read as a table: {one_line(error)}") from error


def file_sha256(path: str) -> str:
    """Return the sha256 (hex) of a file's bytes as they are, compressed ones included.

    Args:
        path: a file or URL.
    """
    with open_file(path) as file:
        return sha256_of(file)


def _reader(head: bytes, name: str) -> Reader:
    if head.startswith(b"PAR1"):
        return _parquet
    if head.startswith(b"\x93NUMPY") or name.endswith(".npy"):
        return _npy
    if name.endswith(".safetensors"):
        return _safetensors
    if head.lstrip()[:1] in (b"{", b"["):
        return _json
    return _csv


Reader = Callable[[IO[bytes], str, Columns, Sequence[str]], Published]


def _parquet(file: IO[bytes], name: str, columns: Columns, optional: Sequence[str]) -> Published:
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    known = parquet.schema_arrow.names
    wanted = _with_optional(columns, optional, known)
    if wanted is None:
        return _arrow(parquet.read(), name, None)
    top_level = [column if column in known else column.split(".")[0] for column in wanted]
    for column, first in zip(wanted, top_level, strict=True):
        if first not in known:
            raise _no_column(name, column, known)
    return _arrow(parquet.read(columns=top_level), name, wanted)


def _csv(file: IO[bytes], name: str, columns: Columns, optional: Sequence[str]) -> Published:
    from pyarrow import csv

    delimiter = "\t" if name.removesuffix(".gz").endswith(".tsv") else ","
    options = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    table = csv.read_csv(file, parse_options=options)
    return _arrow(table, name, _with_optional(columns, optional, table.column_names))


def _with_optional(
    columns: Columns, optional: Sequence[str], known: Sequence[str]
) -> list[str] | None:
    if columns is None:
        return None
    return [*columns, *(each for each in optional if each in known and each not in columns)]


def _arrow(table: pa.Table, name: str, columns: Columns) -> Published:
    import pyarrow.compute as pc

    arrays = {}
    for column in table.column_names if columns is None else columns:
        first, *path = [column] if column in table.column_names else column.split(".")
        if first not in table.column_names:
            raise _no_column(name, column, table.column_names)
        values = pc.struct_field(table[first], path) if path else table[first]
        arrays[column] = values.combine_chunks()
    return Published(name, arrays, table.num_rows)


def _no_column(file: str, column: str, known: Sequence[str]) -> SourceError:
    return SourceError(
        f"{file} has no column {column}; it has {listed(known)} (--key and --column name columns)",
        reason="no_column",
    )


def _json(file: IO[bytes], name: str, columns: Columns, optional: Sequence[str]) -> Published:
    """Read JSON Lines, or an array of objects; NaN is a number, as Python writes it."""
    values: dict[str, list[Any]] = {column: [] for column in columns or ()}
    n_rows, known = 0, []
    for record in _records(file, name):
        if not n_rows:
            known = list(record) if isinstance(record, dict) else []
            values = {column: [] for column in _with_optional(columns, optional, known) or known}
        for column, items in values.items():
            items.append(_at_path(record, column))
        n_rows += 1
    for column, items in values.items():
        if n_rows and all(item is None for item in items):
            raise SourceError(
                f"{name} has no column {column}, or the column is empty; it has {listed(known)}",
                reason="no_column",
            )
    return Published(name, {column: _array(items) for column, items in values.items()}, n_rows)


def _records(file: IO[bytes], name: str) -> Iterator[dict[str, Any]]:
    if file.read(1) == b"[":
        file.seek(0)
        yield from json.load(file)
        return
    file.seek(0)
    for number, line in enumerate(file, start=1):
        if line.strip():
            try:
                yield json.loads(line)
            except json.JSONDecodeError as error:
                raise SourceError(
                    f"{name}, line {number}: {error.msg}; a published table must be complete",
                    reason="not_json",
                ) from None


def _at_path(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _array(values: list[Any]) -> Any:
    try:
        return pa.array(values, from_pandas=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers and texts in one column
        return pa.array([None if value is None else str(value) for value in values])


def _npy(file: IO[bytes], name: str, _columns: Columns, _optional: Sequence[str]) -> Published:
    values = read_npy(file, name)
    return Published(name, {"values": values}, len(values))


def _safetensors(
    file: IO[bytes], name: str, columns: Columns, optional: Sequence[str]
) -> Published:
    """Read one tensor as a matrix; several as columns by their names."""
    tensors = read_safetensors(file.read(), name)
    if len(tensors) == 1:
        (values,) = tensors.values()
        return Published(name, {"values": values}, len(values))
    table = pa.table({key: from_numpy(tensor) for key, tensor in tensors.items()})
    return _arrow(table, name, _with_optional(columns, optional, table.column_names))
