"""Tables that others published: Parquet, CSV, JSON Lines, NumPy, safetensors, told apart by their first bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from catalog.arrow import from_numpy
from catalog.errors import CatalogError, SourceError, listed
from catalog.signals.registry import Signal

Numbers = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Published:
    """Columns of a table, in the order of its rows.

    Attributes:
        file: its name, for messages.
        columns: a name and its values: an Arrow array, or for a matrix a float32 array of shape (n_rows, n_columns).
        n_rows: rows.
    """

    file: str
    columns: dict[str, Any]
    n_rows: int

    def column(self, name: str) -> Any:
        """One column by name.

        Raises:
            SourceError: the table has no such column.
        """
        if name not in self.columns:
            raise _no_column(self.file, name, list(self.columns))
        return self.columns[name]


@dataclass(frozen=True)
class ImportReport:
    """What an import wrote, or would write if ``is_dry_run``.

    Attributes:
        signal: that is read by its name from now on.
        is_new: False when the very numbers were there before.
        n_rows: of the file.
        n_with_value: members with a number, those included that the file does not name and the import before did.
        n_without_member: rows about records that were quarantined or folded.
        n_members: of the reference.
        n_checkpoints: of losses.
        n_kept: members whom the file does not name, with the numbers of the import before.
        n_lost: members whom the file does not name, with losses in the import before that are at other checkpoints.
        reasons: how many members have no number, by reason.
        is_dry_run: whether nothing was written; a new signal then has the id 0.
    """

    signal: Signal
    is_new: bool
    n_rows: int
    n_with_value: int
    n_without_member: int
    n_members: int
    n_checkpoints: int | None = None
    n_kept: int = 0
    n_lost: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    is_dry_run: bool = False


def digest(*parts: Numbers) -> str:
    """sha256 (hex) of arrays, which tells one publication from another."""
    answer = hashlib.sha256()
    for part in parts:
        answer.update(
            str(part.tolist()).encode()
            if part.dtype == object
            else np.ascontiguousarray(part).tobytes()
        )
    return answer.hexdigest()


def read_table(
    path: str, *, columns: Sequence[str] | None = None, optional: Sequence[str] = ()
) -> Published:
    """Read a published table.

    Args:
        path: a file or URL; gzip and zstd are unpacked.
        columns: which columns, as names or dotted paths into nested records (``gpt4omini.overall``); None reads all that
            stand at the top.
        optional: names of more columns, read where they are there.

    Raises:
        SourceError: the file cannot be read, or a column is not there.
    """
    import fsspec

    name = Path(path).name
    try:
        with fsspec.open(path, "rb", compression="infer") as file:
            head = file.read(8)
            file.seek(0)
            return _reader(head, name)(file, name, columns, optional)
    except CatalogError:
        raise
    except (
        Exception
    ) as error:  # whatever the readers and decompressors of six libraries raise over damaged bytes
        said = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise SourceError(f"{path} cannot be read as a table: {said}") from error


def _reader(head: bytes, name: str) -> Reader:
    if head.startswith(b"PAR1"):
        return _parquet
    if head.startswith(b"\x93NUMPY") or name.endswith(".npy"):
        return _numpy
    if name.endswith(".safetensors"):
        return _safetensors
    return _json if head.lstrip()[:1] in (b"{", b"[") else _csv


Reader = Callable[[IO[bytes], str, Sequence[str] | None, Sequence[str]], Published]


def _parquet(
    file: IO[bytes], name: str, columns: Sequence[str] | None, optional: Sequence[str]
) -> Published:
    import pyarrow.parquet as pq

    parquet = pq.ParquetFile(file)
    there = parquet.schema_arrow.names
    columns = _with_optional(columns, optional, there)
    first = (
        None
        if columns is None
        else [column if column in there else column.split(".")[0] for column in columns]
    )
    absent = [
        column for column, top in zip(columns or (), first or (), strict=True) if top not in there
    ]
    if absent:
        raise _no_column(name, absent[0], there)
    return _arrow(parquet.read(columns=first), name, columns)


def _csv(
    file: IO[bytes], name: str, columns: Sequence[str] | None, optional: Sequence[str]
) -> Published:
    from pyarrow import csv

    parse = csv.ParseOptions(
        delimiter="\t" if name.removesuffix(".gz").endswith(".tsv") else ",",
        newlines_in_values=True,
    )
    table = csv.read_csv(file, parse_options=parse)
    return _arrow(table, name, _with_optional(columns, optional, table.column_names))


def _with_optional(
    columns: Sequence[str] | None, optional: Sequence[str], there: Sequence[str]
) -> list[str] | None:
    return (
        None if columns is None else [*columns, *(column for column in optional if column in there)]
    )


def _arrow(table: pa.Table, name: str, columns: Sequence[str] | None) -> Published:
    import pyarrow.compute as pc

    found = {}
    for column in table.column_names if columns is None else columns:
        first, *path = [column] if column in table.column_names else column.split(".")
        if first not in table.column_names:
            raise _no_column(name, column, table.column_names)
        found[column] = (
            pc.struct_field(table[first], path).combine_chunks()
            if path
            else table[first].combine_chunks()
        )
    return Published(name, found, table.num_rows)


def _no_column(file: str, column: str, there: Sequence[str]) -> SourceError:
    return SourceError(
        f"{file} has no column {column}; it has {listed(there)} (--key and --value name columns)",
        reason="no_column",
    )


def _json(
    file: IO[bytes], name: str, columns: Sequence[str] | None, optional: Sequence[str]
) -> Published:
    """JSON Lines, or an array of objects; NaN is read as the number that it is in everybody's Python."""
    values: dict[str, list[Any]] = {column: [] for column in columns or ()}
    n_rows = 0
    for record in _records(file, name):
        if not n_rows:
            there = list(record) if isinstance(record, dict) else []
            values = {column: [] for column in _with_optional(columns, optional, there) or there}
        for column, sofar in values.items():
            sofar.append(_at(record, column))
        n_rows += 1
    for column, sofar in values.items():
        if n_rows and all(value is None for value in sofar):
            raise SourceError(
                f"{name} has no column {column}, or nothing in it", reason="no_column"
            )
    return Published(name, {column: _array(sofar) for column, sofar in values.items()}, n_rows)


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
                    f"{name}, line {number}: {error.msg}; a published table must be whole",
                    reason="not_json",
                ) from None


def _at(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _array(values: list[Any]) -> Any:
    try:
        return pa.array(values, from_pandas=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):  # numbers and texts in one column
        return pa.array([None if value is None else str(value) for value in values])


def _numpy(
    file: IO[bytes], name: str, _columns: Sequence[str] | None, _optional: Sequence[str]
) -> Published:
    try:
        values = np.lib.format.read_array(file, allow_pickle=False)
    except (EOFError, ValueError) as error:
        raise SourceError(
            f"{name} is no .npy file of numbers, or was cut ({error}): write floats or integers with numpy.save"
        ) from None
    if values.ndim not in (1, 2):
        raise SourceError(
            f"{name} has {values.ndim} dimensions; one number a row, or one row of numbers an instruction, is wanted"
        )
    return Published(name, {"values": values}, len(values))


def _safetensors(
    file: IO[bytes], name: str, columns: Sequence[str] | None, optional: Sequence[str]
) -> Published:
    """One tensor as it is; several as columns by their names."""
    tensors = _tensors(file.read(), name)
    if len(tensors) == 1:
        (values,) = tensors.values()
        return Published(name, {"values": values}, len(values))
    if any(tensor.ndim != 1 for tensor in tensors.values()):
        raise SourceError(
            f"{name}: several tensors are one a checkpoint, each of one number an instruction; these have more dimensions"
        )
    lengths = {len(tensor) for tensor in tensors.values()}
    if len(lengths) > 1:
        raise SourceError(
            f"{name}: its tensors differ in length ({listed(sorted(lengths))})",
            reason="wrong_length",
        )
    table = pa.table({key: from_numpy(tensor) for key, tensor in tensors.items()})
    return _arrow(table, name, _with_optional(columns, optional, table.column_names))


def _tensors(content: bytes, name: str) -> dict[str, Numbers]:
    """Tensors by name; bfloat16, which NumPy has not, as float32.

    Raises:
        SourceError: there are none, or the file is cut.
    """
    import safetensors

    read: Any = safetensors.deserialize
    try:
        found = read(content)
    except safetensors.SafetensorError as error:
        raise SourceError(f"{name} is no safetensors file, or was cut ({error})") from None
    tensors = {}
    for key, tensor in found:
        if tensor["dtype"] == "BF16":  # the upper half of a float32
            flat = (np.frombuffer(tensor["data"], dtype="<u2").astype("<u4") << 16).view("<f4")
        elif tensor["dtype"] in _DTYPES:
            flat = np.frombuffer(tensor["data"], dtype=_DTYPES[tensor["dtype"]])
        else:
            raise SourceError(
                f"{name}: {key} is {tensor['dtype']}; numbers of 16 bits or more are wanted"
            )
        if not tensor["shape"]:
            raise SourceError(
                f"{name}: {key} is a single number; one number an instruction is wanted"
            )
        tensors[key] = flat.reshape(tensor["shape"])
    if not tensors:
        raise SourceError(f"{name} holds no tensor", reason="no_column")
    return tensors


_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2"}
