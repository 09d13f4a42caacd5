"""Verified reading of vectors: each whole shard is compared with its sha256 before use."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import CorruptError
from catalog.signals.coverage import Coverage
from catalog.signals.kind_options import Kind
from catalog.signals.kinds import KINDS
from catalog.signals.resolve import command_for
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.shard_hash import rows_sha256

if TYPE_CHECKING:
    import pyarrow as pa

    from catalog.store.database import Connection
    from catalog.store.store import Store

Shards = Mapping[int, str | None]  # the hash of each; None if none was recorded
AHEAD = 2  # shards that are read while one is hashed


def recorded_shards(connection: Connection, *, signal_id: int) -> Shards:
    """Return the shards of a signal that hold values, with their hashes."""
    return dict(
        connection.sql(query("shards/recorded"), params={"signal_id": signal_id}).fetchall()
    )


@contextmanager
def naming_damage(
    kind: Kind, reference: Reference, name: str, found: Coverage | None = None
) -> Iterator[None]:
    """Add to an error about damage whose vectors they are, and what computes them again.

    Raises:
        CorruptError: the block found damage.
    """
    try:
        yield
    except CorruptError as error:
        raise CorruptError(
            f"{KINDS[kind].title(name)}: {error.problem}",
            next_step=remedy(command_for(kind, reference, name, found)),
        ) from error


def remedy(makes: object) -> str:
    """Return the remedy for a damaged shard, given the command that computes its signal.

    >>> remedy("catalog embed p").partition("; ")[0]
    'restore vectors/ from a backup'
    """
    return (
        "restore vectors/ from a backup; or `catalog gc --damaged` forgets what is damaged, "
        f"and `{makes}` computes it again"
    )


def checked_batches(
    store: Store,
    table: str,
    shards: Shards,
    *,
    column: str,
    version: int | None = None,
    batch_rows: int = 8192,
) -> Iterator[pa.RecordBatch]:
    """Stream ``instruction_id`` and a column of whole shards; hashing runs beside the reading.

    Args:
        store: the catalog's files and database.
        table: of the vector store.
        shards: which shards, with their hashes.
        column: ``vector`` or ``states``.
        version: of the table; None reads the newest.
        batch_rows: rows in a batch, at most.

    Raises:
        CorruptError: the table cannot be read, lacks a shard, or a shard differs from what
            was written.
    """
    unseen = set(shards)
    waiting: deque[tuple[int, pa.Table, Future[str] | None]] = deque()
    with ThreadPoolExecutor(1) as pool:
        for shard, rows in _by_shard(
            store, table, list(shards), column=column, version=version, batch_rows=batch_rows
        ):
            unseen.discard(shard)
            waiting.append((shard, rows, pool.submit(rows_sha256, rows) if shards[shard] else None))
            if len(waiting) > AHEAD:
                yield from _checked(store, table, shards, waiting.popleft(), version=version)
        while waiting:
            yield from _checked(store, table, shards, waiting.popleft(), version=version)
    for shard in sorted(unseen):
        raise CorruptError(f"shard {shard} of {table} is not there")


def _checked(
    store: Store,
    table: str,
    shards: Shards,
    read: tuple[int, pa.Table, Future[str] | None],
    *,
    version: int | None,
) -> Iterator[pa.RecordBatch]:
    shard, rows, sha256 = read
    if (
        sha256
        and sha256.result() != shards[shard]
        and shard_sha256(store, table, shard, like=rows, version=version) != shards[shard]
    ):
        raise CorruptError(
            f"shard {shard} of {table} does not hold what was written: "
            "its sha256 differs from the recorded one"
        )
    yield from rows.to_batches()


def shard_sha256(
    store: Store, table: str, shard: int, *, like: pa.Table, version: int | None
) -> str:
    """Hash a shard that is read by itself, wherever in the table its rows lie."""
    from catalog.store import vectors

    with vectors.reporting_damage(store, table):
        whole = vectors.read(
            store, table, columns=like.column_names, shards=[shard], version=version
        ).read_all()
        return rows_sha256(whole)


def _by_shard(
    store: Store,
    table: str,
    shards: list[int],
    *,
    column: str,
    version: int | None,
    batch_rows: int,
) -> Iterator[tuple[int, pa.Table]]:
    """Yield the rows of one shard at a time; they lie together, since a shard is one write."""
    from catalog.store import vectors

    columns = ["shard", "instruction_id", column]
    held: list[Any] = []
    before = -1
    with vectors.reporting_damage(store, table):
        for batch in vectors.read(
            store, table, columns=columns, shards=shards, version=version, batch_rows=batch_rows
        ):
            for shard, part in _runs(batch):
                if held and shard != before:
                    yield before, _table(held)
                    held = []
                before = shard
                held.append(part)
    if held:
        yield before, _table(held)


def _runs(batch: pa.RecordBatch) -> Iterator[tuple[int, pa.RecordBatch]]:
    numbers = batch["shard"].to_numpy()
    starts = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(numbers)]
    rows = batch.drop_columns(["shard"])
    for first, last in pairwise(starts):
        if last > first:
            yield int(numbers[first]), rows.slice(first, last - first)


def _table(parts: list[Any]) -> pa.Table:
    import pyarrow as pa

    return pa.Table.from_batches(parts)
