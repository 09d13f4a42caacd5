"""Kept answers of cached kernels, by code, arguments and input: ten budgets cost one projection.

Each answer is one file, which appears whole or not at all and may be removed at any time. It leaves
out columns that equal the input's, such as fingerprints, and reading takes them from the input.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.store.store import Store

IRRELEVANT = {"memory"}  # options that change how an answer is computed, and not the answer
COLUMNS = b"columns"  # the metadata key of the names of all of an answer's columns, in order
FORMAT = 4  # of the files
SHA256_BYTES = 32
OLD_FOLDER = "memo"  # where 0.1 kept answers


def cached(
    store: Store,
    name: str,
    relations: Mapping[str, pa.Table],
    options: Mapping[str, Any],
    compute: Callable[[], pa.Table],
    *,
    code: Sequence[Any] = (),
) -> pa.Table:
    """Return a kept answer; if there is none, compute it and keep it.

    Args:
        store: the catalog's files and database.
        name: of the kernel.
        relations: its inputs; the order of rows that have fingerprints does not matter.
        options: its other arguments.
        compute: returns the answer.
        code: what stands for the code that computes, such as its version and its hash.
    """
    import pyarrow as pa

    from catalog.kernels._common.relation import canonical

    digest = key(name, relations, options, code=code)
    path = store.cache / f"{name}-{digest[:40]}.arrow"
    inputs = canonical(next(iter(relations.values())))
    with suppress(OSError, pa.ArrowInvalid):  # removed meanwhile, damaged, or never there
        os.utime(path)
        return _completed(read_answer(path), inputs)
    answer = compute()
    with suppress(OSError):  # a catalog that cannot be written still answers
        _keep(path, answer, inputs)
    return answer


def key(
    name: str,
    relations: Mapping[str, pa.Table],
    options: Mapping[str, Any],
    *,
    code: Sequence[Any] = (),
) -> str:
    """Return the hash of everything that an answer depends on.

    Values and their types count; the way in which Arrow holds them does not.
    """
    import pyarrow as pa

    from catalog.kernels._common.relation import canonical

    digest = hashlib.sha256()
    kept = {option: value for option, value in options.items() if option not in IRRELEVANT}
    digest.update(json.dumps([FORMAT, name, *code, kept], sort_keys=True, default=str).encode())
    for relation, rows in sorted(relations.items()):
        digest.update(relation.encode() + b"\0")
        whole = _plain(canonical(rows)).combine_chunks()
        sink = pa.PythonFile(_Hashing(digest), mode="w")
        with pa.ipc.new_stream(sink, whole.schema) as writer:
            writer.write_table(whole)
    return digest.hexdigest()


def _plain(rows: pa.Table) -> pa.Table:
    """Return rows in plain types: no names of list items, no metadata, no nullability."""
    import pyarrow as pa

    return rows.cast(
        pa.schema([pa.field(field.name, _plain_type(field.type)) for field in rows.schema])
    )


def _plain_type(type_: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    if isinstance(type_, pa.BaseExtensionType):
        return _plain_type(type_.storage_type)
    if pa.types.is_string(type_) or pa.types.is_string_view(type_):
        return pa.large_string()
    if pa.types.is_list(type_) or pa.types.is_large_list(type_):
        return pa.large_list(pa.field("item", _plain_type(type_.value_type)))
    if pa.types.is_fixed_size_list(type_):
        return pa.list_(pa.field("item", _plain_type(type_.value_type)), type_.list_size)
    if pa.types.is_struct(type_):
        return pa.struct([pa.field(field.name, _plain_type(field.type)) for field in type_])
    return _plain_type(type_.value_type) if pa.types.is_dictionary(type_) else type_


def shrink(store: Store, *, keep_bytes: int = 0) -> int:
    """Remove the answers that were used longest ago until the rest is small enough.

    Returns:
        The number of bytes that were freed.
    """
    shutil.rmtree(store.path / OLD_FOLDER, ignore_errors=True)
    files = [(path.stat(), path) for path in store.cache.glob("*") if path.is_file()]
    total, freed = sum(stat.st_size for stat, _ in files), 0
    for stat, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
        if total - freed <= keep_bytes:
            break
        path.unlink(missing_ok=True)
        freed += stat.st_size
    return freed


def _keep(path: Path, answer: pa.Table, inputs: pa.Table) -> None:
    import pyarrow as pa

    from_input = [
        name
        for name in answer.column_names
        if name in inputs.column_names and answer[name].equals(inputs[name])
    ]
    columns = json.dumps(answer.column_names).encode()
    kept = answer.drop_columns(from_input).replace_schema_metadata({COLUMNS: columns})
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with pa.OSFile(str(unfinished), "wb") as file, pa.ipc.new_file(file, kept.schema) as writer:
            writer.write_table(kept)
        with unfinished.open("r+b") as file:
            sha256 = hashlib.file_digest(file, "sha256").digest()  # and leaves the file at its end
            file.write(sha256)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_answer(path: Path) -> pa.Table:
    """Read a kept answer.

    Raises:
        OSError: there is none.
        ArrowInvalid: the file has changed; its last bytes are the sha256 of those before.
    """
    import pyarrow as pa

    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
    answer = content.slice(0, max(0, content.size - SHA256_BYTES))
    if content.slice(answer.size).to_pybytes() != hashlib.sha256(answer).digest():
        raise pa.ArrowInvalid(f"{path} is damaged")
    return pa.ipc.open_file(answer).read_all()


def _completed(kept: pa.Table, inputs: pa.Table) -> pa.Table:
    """Return an answer as it was computed, with the input's columns in their places."""
    import pyarrow as pa

    names = json.loads(kept.schema.metadata[COLUMNS])
    return pa.table(
        {name: kept[name] if name in kept.column_names else inputs[name] for name in names}
    )


class _Hashing:
    """A file that only hashes what is written into it."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self.digest = digest

    def write(self, part: Any) -> int:
        self.digest.update(part)
        return len(part)

    def flush(self) -> None:
        """Do nothing: there is no buffer."""
