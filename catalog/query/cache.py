"""Answers of dear functions, kept: by function, arguments and content of the input, so that ten budgets cost one projection.

A kept answer is a file of its own that appears whole or not at all, and may be removed at any time.
Columns that are the input's own, such as its fingerprints, are not in it: the key holds what the
input is, so that they are taken from there.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.query.provenance import code

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.store.store import Store

DEAR = frozenset(
    {"density", "kmeans", "near_duplicates", "project"}
)  # whose answers do not depend on a budget
IRRELEVANT = {"memory"}  # options that change how, and not what
COLUMNS = b"columns"  # all of an answer's, in order
FORMAT = 3  # of the files
SHA256_BYTES = 32


def folder(store: Store) -> Path:
    """Where kept answers are."""
    return store.path / "memo"


def remembered(
    store: Store,
    name: str,
    relations: Mapping[str, pa.Table],
    options: Mapping[str, Any],
    compute: Callable[[], pa.Table],
) -> pa.Table:
    """A dear function's answer: the kept one, else computed and kept.

    Args:
        store: the catalog's files and database.
        name: the function's.
        relations: its inputs; the order of their rows is no matter where they have fingerprints.
        options: its other arguments.
        compute: calls it.
    """
    import pyarrow as pa

    from catalog.kernels._common.relation import canonical

    path = folder(store) / f"{name}-{key(name, relations, options)[:40]}.arrow"
    inputs = canonical(next(iter(relations.values())))
    with suppress(OSError, pa.ArrowInvalid):  # removed meanwhile, or never there
        os.utime(path)
        return _completed(read_kept(path), inputs)
    answer = compute()
    with suppress(OSError):  # a catalog that cannot be written is computed from all the same
        _keep(path, answer, inputs)
    return answer


def key(name: str, relations: Mapping[str, pa.Table], options: Mapping[str, Any]) -> str:
    """Return the hash of everything that the answer depends on: values and their types, however Arrow holds them."""
    import pyarrow as pa

    from catalog.kernels._common.relation import canonical

    digest = hashlib.sha256()
    kept = {option: value for option, value in options.items() if option not in IRRELEVANT}
    digest.update(
        json.dumps([FORMAT, name, code(name), kept], sort_keys=True, default=str).encode()
    )
    for relation, rows in sorted(relations.items()):
        digest.update(relation.encode() + b"\0")
        whole = _plain(canonical(rows)).combine_chunks()
        sink = pa.PythonFile(_Hashing(digest), mode="w")
        with pa.ipc.new_stream(sink, whole.schema) as writer:
            writer.write_table(whole)
    return digest.hexdigest()


def _plain(rows: pa.Table) -> pa.Table:
    """Return rows without what a type says beside its values: names of list items, metadata, whether NULL may come."""
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


def sweep(store: Store, *, keep_bytes: int = 0) -> int:
    """Remove kept answers, those longest unused first, until the rest is that small; returns the bytes freed."""
    files = [(path.stat(), path) for path in folder(store).glob("*") if path.is_file()]
    total, freed = sum(stat.st_size for stat, _ in files), 0
    for stat, path in sorted(files, key=lambda file: file[0].st_mtime_ns):
        if total - freed <= keep_bytes:
            break
        path.unlink(missing_ok=True)
        freed += stat.st_size
    return freed


def _keep(path: Path, answer: pa.Table, inputs: pa.Table) -> None:
    import pyarrow as pa

    own = [
        name
        for name in answer.column_names
        if name in inputs.column_names and answer[name].equals(inputs[name])
    ]
    columns = json.dumps(answer.column_names).encode()
    kept = answer.drop_columns(own).replace_schema_metadata({COLUMNS: columns})
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with pa.OSFile(str(unfinished), "wb") as file, pa.ipc.new_file(file, kept.schema) as writer:
            writer.write_table(kept)
        with unfinished.open("r+b") as file:
            sha256 = hashlib.file_digest(file, "sha256").digest()  # and the file stands at its end
            file.write(sha256)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def read_kept(path: Path) -> pa.Table:
    """Read a kept answer.

    Raises:
        OSError: there is none.
        ArrowInvalid: the file is not as it was written: its last bytes are the sha256 of those before.
    """
    import pyarrow as pa

    with pa.memory_map(str(path)) as file:
        content = file.read_buffer()
    answer = content.slice(0, max(0, content.size - SHA256_BYTES))
    if content.slice(answer.size).to_pybytes() != hashlib.sha256(answer).digest():
        raise pa.ArrowInvalid(f"{path} is damaged")
    return pa.ipc.open_file(answer).read_all()


def _completed(kept: pa.Table, inputs: pa.Table) -> pa.Table:
    """An answer as it was computed: the columns that were kept, and the input's own at their places."""
    import pyarrow as pa

    names = json.loads(kept.schema.metadata[COLUMNS])
    return pa.table(
        {name: kept[name] if name in kept.column_names else inputs[name] for name in names}
    )


class _Hashing:
    """A file that hashes what is written into it."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self.digest = digest

    def write(self, part: Any) -> int:
        self.digest.update(part)
        return len(part)

    def flush(self) -> None:
        """Nothing waits."""
