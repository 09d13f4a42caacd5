"""Vectors of a few members, read by their positions in the table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.signals.registry import Signal
from catalog.store import vectors
from catalog.store.store import Store

SCATTERED = 32  # a single row costs about as much as so many in a scan
BATCH_ROWS = 8192
Vectors = np.ndarray[Any, np.dtype[np.float32]]
Ids = np.ndarray[Any, np.dtype[np.int64]]


def each_of_few(
    store: Store,
    signal: Signal,
    members: Ids,
    shards: Ids,
    process: Callable[[Ids, Vectors], None],
) -> int:
    """Call a function with the ids (n,) and vectors (n, d) of members, a batch at a time.

    The hashes of shards are not compared, which would read them whole; `catalog doctor --full`
    compares them.

    Args:
        store: the catalog's files and database.
        signal: the embedding.
        members: ids.
        shards: the committed shards.
        process: called with each batch.

    Returns:
        The number of vectors that were read.
    """
    assert signal.lance_table is not None  # an embedding's
    n_read = 0
    with vectors.reporting_damage(store, signal.lance_table):
        opened = vectors.dataset(store, signal.lance_table)
        rows = opened.to_table(columns=["instruction_id", "shard"])
        ids = rows["instruction_id"].to_numpy()
        is_wanted = np.isin(ids, members) & np.isin(rows["shard"].to_numpy(), shards)
        positions = np.flatnonzero(is_wanted)
        is_scattered = SCATTERED * len(positions) < len(ids)
        read = _by_position if is_scattered else _by_scan
        for at, values in read(opened, positions):
            process(ids[at], values)
            n_read += len(at)
    return n_read


def _by_position(opened: Any, positions: Ids) -> Iterator[tuple[Ids, Vectors]]:
    for first in range(0, len(positions), BATCH_ROWS):
        at = positions[first : first + BATCH_ROWS]
        rows = opened.take(pa.array(at), columns=["vector"])
        yield at, vector_matrix(rows["vector"])


def _by_scan(opened: Any, positions: Ids) -> Iterator[tuple[Ids, Vectors]]:
    start = 0
    for batch in opened.scanner(columns=["vector"], batch_size=BATCH_ROWS).to_reader():
        first, last = np.searchsorted(positions, [start, start + len(batch)])
        at = positions[first:last]
        if len(at):
            yield at, vector_matrix(batch["vector"])[at - start]
        start += len(batch)


def vector_matrix(column: Any) -> Vectors:
    """Return a column of n vectors as numbers, float32 (n, d)."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks)
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(len(column), -1)
