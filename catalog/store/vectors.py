"""Vector store: one narrow, append-only Lance table per signal, written shard by shard.

A shard that has no row in DuckDB's ``shards`` does not exist: readers name the shards that they
want, a job that resumes deletes the rest.

The folder is a LanceDB database. Scans, appends, fragments, tags and cleanup go through pylance,
whose import takes 0.3 s: they are here. Search and the building of indexes go through LanceDB,
whose import takes 1.4 s: they are in `catalog.store.vector_search`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, wraps
from typing import Any, TypeVar, cast

import pyarrow as pa

from catalog.errors import CorruptError
from catalog.store.folders import Folder
from catalog.store.paths import CatalogPaths
from catalog.store.storage_errors import damaged_vectors

# Both warn about what is meant, on stderr, which is the user's.
os.environ.setdefault("LANCE_LOG", "error")
os.environ.setdefault("RUST_LOG", "error")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Written:
    """Rows beside a table, before `commit`: their columns, and Lance's record of each file."""

    schema: pa.Schema
    fragments: tuple[str, ...]


def append(paths: CatalogPaths, table: str, rows: pa.Table) -> int:
    """Add rows to a signal's table, creating it if needed, and return the version with them.

    Rows are ``instruction_id`` int64, ``shard`` int64, then ``vector`` or ``states``.
    """
    return commit(paths, table, [write(paths, table, rows)])


def write(paths: CatalogPaths, table: str, rows: pa.Table) -> Written:
    """Write rows beside a signal's table; several processes may do so at once, without a lock."""
    from lance.fragment import write_fragments

    paths.vectors.make()
    is_there = exists(paths, table)
    put: Any = partial(write_fragments, rows, str(path(paths, table)), schema=rows.schema)
    try:
        fragments = put(mode="append" if is_there else "create")
    except OSError:
        if is_there or not exists(paths, table):
            raise
        fragments = put(mode="append")  # the first commit came in between
    return Written(rows.schema, tuple(json.dumps(each.to_json()) for each in fragments))


def commit(paths: CatalogPaths, table: str, written: Sequence[Written]) -> int:
    """Add written rows to a table, in this order, as one version, and return its number.

    Call it under the catalog's lock, which keeps `sweep` away.

    Raises:
        CorruptError: a file is gone, such as one that was taken for a leftover.
    """
    import lance

    fragments = [
        lance.FragmentMetadata.from_json(fragment)
        for each in written
        for fragment in each.fragments
    ]
    _require_files(paths, table, fragments)
    uri = str(path(paths, table))
    operation: Any = lance.LanceOperation.Overwrite(written[0].schema, fragments)
    before = None
    if exists(paths, table):
        operation, before = lance.LanceOperation.Append(fragments), version(paths, table)
    with reporting_damage(paths, table):
        return int(lance.LanceDataset.commit(uri, operation, read_version=before).version)


def _require_files(paths: CatalogPaths, table: str, fragments: Sequence[Any]) -> None:
    folder = path(paths, table)
    names = [file.path for each in fragments for file in each.files]
    lost = [name for name in names if not (folder / "data" / name).is_file()]
    if lost:
        raise CorruptError(
            f"{folder}: {lost[0]} was removed while it was written, and nothing was recorded",
            next_step="run the command again",
        )


def value_columns(paths: CatalogPaths, table: str) -> list[str]:
    """Return the columns that a shard's hash covers: ``instruction_id`` and the values."""
    with reporting_damage(paths, table):
        return [name for name in dataset(paths, table).schema.names if name != "shard"]


@contextmanager
def reporting_damage(paths: CatalogPaths, table: str) -> Iterator[None]:
    """Turn whatever Lance raises over a damaged table into one error that names it.

    Raises:
        CorruptError: the block could not read the table.
        StorageError: the disk did not let it.
    """
    try:
        yield
    except (OSError, ValueError, RuntimeError, pa.ArrowException) as error:
        raise damaged_vectors(error, path(paths, table)) from error
    except BaseException as error:  # a panic of Lance's descends from nothing narrower
        if type(error).__name__ != "PanicException":
            raise
        raise damaged_vectors(error, path(paths, table)) from None


def _reported(function: Function) -> Function:
    """Let a function of a table raise one error that names it, whatever Lance raises."""

    @wraps(function)
    def reported(paths: CatalogPaths, table: str, *args: Any, **kwargs: Any) -> Any:
        with reporting_damage(paths, table):
            return function(paths, table, *args, **kwargs)

    return cast(Function, reported)


def read(
    paths: CatalogPaths,
    table: str,
    *,
    columns: Sequence[str],
    shards: Sequence[int] | None = None,
    version: int | None = None,
    batch_rows: int = 8192,
) -> pa.RecordBatchReader:
    """Stream rows of a signal's table.

    Args:
        paths: the catalog's files and database.
        table: the signal's table.
        columns: which columns, in this order.
        shards: only rows of these, the committed ones; None reads all that is there.
        version: of the table; None reads the newest.
        batch_rows: rows in a batch, at most.
    """
    condition = None if shards is None else in_shards(shards)
    with reporting_damage(paths, table):
        scanner = dataset(paths, table, version=version).scanner(
            columns=list(columns), filter=condition, batch_size=batch_rows
        )
        return scanner.to_reader()


def in_shards(shards: Collection[int]) -> str:
    """Return the condition that a row is in one of some shards; neighbours are one range.

    >>> in_shards([7, 1, 3, 2])
    '(shard BETWEEN 1 AND 3) OR (shard BETWEEN 7 AND 7)'
    """
    runs: list[list[int]] = []
    for shard in sorted(set(shards)):
        if runs and shard == runs[-1][1] + 1:
            runs[-1][1] = shard
        else:
            runs.append([shard, shard])
    return " OR ".join(f"(shard BETWEEN {first} AND {last})" for first, last in runs) or "false"


def read_shard(paths: CatalogPaths, table: str, shard: int, *, version: int | None) -> pa.Table:
    """Return a whole shard, in the columns that its hash covers."""
    columns = value_columns(paths, table)
    with reporting_damage(paths, table):
        return read(paths, table, columns=columns, shards=[shard], version=version).read_all()


def shards(paths: CatalogPaths, table: str) -> set[int]:
    """Return the shards that the newest version holds, committed or not."""
    if not exists(paths, table):
        return set()
    with reporting_damage(paths, table):
        rows = dataset(paths, table).to_table(columns=["shard"])
    return set(rows["shard"].unique().to_pylist())


@_reported
def delete_shards(paths: CatalogPaths, table: str, dead: Sequence[int]) -> None:
    """Remove shards that were never committed."""
    if dead:
        dataset(paths, table).delete(in_shards(dead))


@_reported
def delete_rows(
    paths: CatalogPaths,
    table: str,
    *,
    shard: int,
    instruction_ids: Sequence[int],
    at_once: int = 10_000,
) -> None:
    """Remove some rows of one shard."""
    for first in range(0, len(instruction_ids), at_once):
        listed = ", ".join(map(str, instruction_ids[first : first + at_once]))
        dataset(paths, table).delete(f"shard = {shard} and instruction_id in ({listed})")


@_reported
def version(paths: CatalogPaths, table: str) -> int:
    """Return the newest version's number."""
    return int(dataset(paths, table).version)


@_reported
def versions(paths: CatalogPaths, table: str) -> set[int]:
    """Return the versions that can still be read."""
    return {int(each["version"]) for each in dataset(paths, table).versions()}


@_reported
def pin(paths: CatalogPaths, table: str, *, version: int, tag: str) -> None:
    """Keep a version for good: what a subset was made from."""
    tags = dataset(paths, table).tags
    if tag not in tags.list():
        tags.create(tag, version)


@_reported
def pins(paths: CatalogPaths, table: str) -> set[str]:
    """Return the tags that keep versions of a table."""
    return set(dataset(paths, table).tags.list())


@_reported
def unpin(paths: CatalogPaths, table: str, *, tag: str) -> None:
    """Let a version go, when nothing else pins it."""
    tags = dataset(paths, table).tags
    if tag in tags.list():
        tags.delete(tag)


@_reported
def sweep(paths: CatalogPaths, table: str) -> int:
    """Remove old versions without a tag and files of killed jobs; return the bytes freed.

    Call it only under the catalog's lock: what another writer has in flight looks like an orphan.
    """
    statistics = dataset(paths, table).cleanup_old_versions(
        older_than=timedelta(0), delete_unverified=True, error_if_tagged_old_versions=False
    )
    return int(statistics.bytes_removed)


def drop(paths: CatalogPaths, table: str) -> None:
    """Remove a signal's table."""
    path(paths, table).remove()


def tables(paths: CatalogPaths) -> list[str]:
    """Return the names of all tables, sorted."""
    return [name[:-6] for name in paths.vectors.names() if name.endswith(".lance")]


def n_bytes(paths: CatalogPaths, table: str) -> int:
    """Return a table's size on disk, all its versions together."""
    return path(paths, table).n_bytes()


def exists(paths: CatalogPaths, table: str) -> bool:
    """Tell whether anything was ever written into a table."""
    return (path(paths, table) / "_versions").is_folder()


def path(paths: CatalogPaths, table: str) -> Folder:
    """Return the folder of a table."""
    return paths.vectors / f"{table}.lance"


def dataset(paths: CatalogPaths, table: str, *, version: int | None = None) -> Any:
    """Return a table as Lance opens it, for searches and indexes."""
    import lance

    with reporting_damage(paths, table):
        return lance.dataset(str(path(paths, table)), version=version)
