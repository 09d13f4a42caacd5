"""The relations ``embeddings(...)`` and ``token_states(...)``, read from the vector store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.errors import CorruptError
from catalog.query.checked_vectors import checked_batches, naming_damage, recorded_shards
from catalog.query.rows import Positions, members
from catalog.signals.coverage import Coverage
from catalog.store.references import Reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from catalog.query.session import Session


def load_embeddings(
    session: Session, columns: frozenset[str] | None, *, reference: Reference, signal: Coverage
) -> pa.Table:
    """Return one row for each member with a vector.

    A vector is d numbers of float32; all of them take n x d x 4 bytes.

    Args:
        session: where to read.
        columns: the names in the query; without ``vector`` among them no vector is read.
        reference: whose members.
        signal: which embedding.

    Raises:
        CorruptError: the vector store lacks what the database records, or differs from what was
            written.
    """
    import pyarrow as pa

    rows = members(session.connection, reference, signal)
    if columns is not None and "vector" not in columns:
        return rows
    vectors = np.empty((rows.num_rows, signal.dimension or 0), dtype=np.float32)  # (n, d)
    is_there = np.zeros(rows.num_rows, dtype=bool)
    positions = Positions(rows["instruction_id"].to_numpy())
    for batch in _stored(session, reference, signal, column="vector"):
        at = positions.of(batch["instruction_id"].to_numpy())
        known = at >= 0
        values = (
            batch["vector"].flatten().to_numpy(zero_copy_only=False).reshape(len(batch), -1)
        )  # (rows of the batch, d)
        vectors[at[known]] = values[known]
        is_there[at[known]] = True
    _require(is_there, reference, signal)
    return rows.append_column(
        "vector", pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), signal.dimension)
    )


def load_map(
    session: Session, columns: frozenset[str] | None, *, reference: Reference, signal: Coverage
) -> pa.Table:
    """Return one row for each member on the map: ``x`` and ``y``, float32.

    Raises:
        CorruptError: as `load_embeddings`.
    """
    rows = load_embeddings(session, None, reference=reference, signal=signal)
    places = rows["vector"].combine_chunks().flatten().to_numpy().reshape(-1, 2)
    for index, name in enumerate(("x", "y")):
        rows = rows.append_column(name, [places[:, index].copy()])
    return rows.drop_columns(["vector"])


def load_token_states(
    session: Session, columns: frozenset[str] | None, *, reference: Reference, signal: Coverage
) -> pa.Table:
    """Return one row for each member with states: ``n_tokens`` and ``states``.

    DuckDB reads no float16, and states are too large to copy often. So SQL sees a handle in
    ``states``: it passes through filters, joins and renaming, and becomes the list of vectors again
    where a kernel, or the answer, takes it.

    Raises:
        CorruptError: the vector store lacks what the database records, or differs from what was
            written.
    """
    import pyarrow as pa

    rows = members(session.connection, reference, signal)
    if columns is not None and not columns & {"states", "n_tokens"}:
        return rows
    positions = Positions(rows["instruction_id"].to_numpy())
    order = np.full(
        rows.num_rows, -1, dtype=np.int64
    )  # where a member's states stand among those read
    chunks, n_read = [], 0
    for batch in _stored(session, reference, signal, column="states"):
        at = positions.of(batch["instruction_id"].to_numpy())
        known = at >= 0
        order[at[known]] = n_read + np.arange(int(known.sum()))
        n_read += int(known.sum())
        chunks.append(batch["states"] if known.all() else batch["states"].filter(pa.array(known)))
    _require(order >= 0, reference, signal)
    states = pa.chunked_array(
        chunks, type=chunks[0].type if chunks else pa.list_(pa.list_(pa.float16(), 1))
    )
    n_tokens = np.concatenate(
        [np.diff(chunk.offsets.to_numpy()) for chunk in chunks] or [np.zeros(0, dtype=np.int32)]
    )[order]
    return rows.append_column("n_tokens", pa.array(n_tokens)).append_column(
        "states", session.wrap_opaque(states, order)
    )


def _stored(
    session: Session, reference: Reference, signal: Coverage, *, column: str
) -> Iterator[Any]:
    if signal.lance_table is None or signal.lance_version is None:
        return
    shards = recorded_shards(session.connection, signal_id=signal.signal_id)
    session.release()  # the vectors are in another store
    with naming_damage(signal.kind, reference, signal.name, signal):
        yield from checked_batches(
            session.store, signal.lance_table, shards, column=column, version=signal.lance_version
        )


def _require(
    is_there: np.ndarray[Any, np.dtype[np.bool_]], reference: Reference, signal: Coverage
) -> None:
    if not is_there.all():
        with naming_damage(signal.kind, reference, signal.name, signal):
            raise CorruptError(
                f"{signal.lance_table} lacks {int((~is_there).sum()):,} vectors "
                "that the database records"
            )
