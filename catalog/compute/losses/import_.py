"""Import of loss trajectories of any training run."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.compute.imports.checkpoint_names import in_order
from catalog.compute.imports.merge import kept_losses
from catalog.compute.imports.report import ImportReport, Numbers, digest
from catalog.compute.imports.row_matching import (
    NOT_A_MEMBER,
    NOT_IN_FILE,
    Ids,
    first_without_member,
    instruction_ids,
    member_ids,
)
from catalog.compute.imports.table import Published, read_table
from catalog.compute.shard_writer import Values, write_shard
from catalog.errors import SignalError
from catalog.messages import listed
from catalog.query.trajectories import START
from catalog.signals.registry import Signal, keep_import, planned_import
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, check_name
from catalog.store.shard_hash import record_sha256
from catalog.store.store import Store

NOT_A_NUMBER = "not_a_number"


def import_losses(
    store: Store,
    reference: Reference,
    file: str,
    *,
    proxy: str,
    key: str = "row",
    first_is_start: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Import loss trajectories of any training run.

    If trajectories of one proxy are imported more than once, the latest import wins. When rows are
    matched by key, members missing from the file keep their previous losses, if these are at as
    many checkpoints.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset that was trained on.
        file: one list of losses per row (Parquet, JSON Lines: the column ``losses``), one numeric
            column per checkpoint whose names differ only in a number (CSV, Parquet: ``step_2``,
            ``step_10``), an ``.npy`` matrix, or safetensors with one tensor per checkpoint.
        proxy: the name of the model that the losses belong to.
        key: ``row``, ``fingerprint`` or a column that the records have too.
        first_is_start: whether the file's first losses are those before training. Trajectories
            leave them out, and learnability starts from them.
        dry_run: match and count, and write nothing.

    Raises:
        SourceError: the file cannot be read.
        SignalError: lengths differ, keys do not match, numbers are missing or negative, or a
            numeric column is not a checkpoint.
        OptionError: the proxy's name is invalid.
    """
    check_name(proxy)
    started = time.monotonic()
    table = read_table(file)
    published = _trajectories(table, key=key)  # (n_rows, T), or (n_rows, 1 + T) with a start
    n_checkpoints = published.shape[1] - first_is_start
    if not n_checkpoints:
        raise SignalError(f"{table.file} holds losses before training only: expected checkpoints")
    with (store.reading if dry_run else store.writing)() as connection:
        ids = instruction_ids(connection, reference, table, key=key)
        outside = first_without_member(table, ids, key=key)
        members = member_ids(connection, reference)
        shape: dict[str, Any] = {"n_checkpoints": n_checkpoints, "has_start": first_is_start}
        others = np.setdiff1d(members, ids)
        kept, previous, n_lost = kept_losses(connection, reference, others, proxy=proxy, **shape)
        rows = _Rows.of(np.append(ids, kept), np.concatenate([published, previous]), members)
        _refuse_negative(table, rows)
        planned = _planned(rows, proxy=proxy, **shape)
        planned = replace(planned, details={"file": table.file, "key": key})
        write = partial(
            _write, connection, store, rows=rows, has_start=first_is_start, started=started
        )
        signal, is_new = keep_import(connection, planned, write=write, is_dry_run=dry_run)
        return ImportReport(
            signal=signal,
            is_new=is_new,
            n_rows=table.n_rows,
            n_with_value=len(rows.whole_ids),
            n_without_member=len(ids) + len(kept) - len(rows.ids),
            first_without_member=outside,
            n_members=len(members),
            n_checkpoints=n_checkpoints,
            n_kept=len(kept),
            n_lost=n_lost,
            reasons=dict(Counter(reason for _, reason in rows.gaps)),
            is_dry_run=dry_run,
        )


@dataclass(frozen=True)
class _Rows:
    """The rows about members, by instruction: independent of the file's order.

    Attributes:
        ids: int64, shape (n,).
        losses: float32, shape (n, T).
        positions: of the rows among those of the file and the kept ones, shape (n,).
        absent: the members that no row is about.
    """

    ids: Ids
    losses: Numbers
    positions: Ids
    absent: Ids

    @classmethod
    def of(cls, ids: Ids, losses: Numbers, members: Ids) -> _Rows:
        """Sort rows and drop those that are about no member."""
        order = np.argsort(ids, kind="stable")
        order = order[ids[order] != NOT_A_MEMBER]
        return cls(ids[order], losses[order], order, np.setdiff1d(members, ids))

    @property
    def is_whole(self) -> Numbers:
        """Whether every loss of a row is finite, shape (n,)."""
        return np.asarray(np.isfinite(self.losses).all(axis=1))

    @property
    def whole_ids(self) -> Ids:
        """The instructions with a whole trajectory."""
        return self.ids[self.is_whole]

    @property
    def gaps(self) -> list[tuple[int, str]]:
        """The members without a trajectory, each with the reason."""
        gaps = [(int(i), NOT_A_NUMBER) for i in self.ids[~self.is_whole]]
        return gaps + [(int(i), NOT_IN_FILE) for i in self.absent]

    def digest(self) -> str:
        """Return the hash that identifies the import."""
        return digest(self.ids, self.losses, self.absent)


def _planned(rows: _Rows, n_checkpoints: int, *, proxy: str, has_start: bool) -> Signal:
    """Return the signal of an import, which is not written yet."""
    identity = {"imported": rows.digest(), "checkpoints": n_checkpoints}
    if has_start:
        identity["has_start"] = True
    return planned_import(
        kind="losses", name=proxy, identity=identity, dimension=n_checkpoints, details={}
    )


def _write(
    connection: Connection,
    store: Store,
    signal: Signal,
    *,
    rows: _Rows,
    has_start: bool,
    started: float,
) -> None:
    """Write the whole trajectories of a new signal as its one shard."""
    values = Values(pa.table({"instruction_id": rows.whole_ids}), gaps=rows.gaps)
    seconds = time.monotonic() - started
    shard = write_shard(connection, store, signal, values, seconds=seconds)
    whole = rows.losses[rows.is_whole]
    first = START if has_start else 0
    _write_checkpoints(connection, signal, rows.whole_ids, whole, first=first)
    record_sha256(connection, kind=signal.kind, signal_id=signal.signal_id, shard=shard)


def _write_checkpoints(
    connection: Connection, signal: Signal, ids: Numbers, trajectories: Numbers, *, first: int
) -> None:
    for checkpoint, column in enumerate(trajectories.T, start=first):
        losses = np.ascontiguousarray(column)
        unknown = pa.nulls(len(ids), pa.int32())
        connection.register(
            "checkpoint_losses",
            pa.table({"instruction_id": ids, "loss": losses, "n_tokens": unknown}),
        )
        parameters = {"signal_id": signal.signal_id, "checkpoint": checkpoint}
        connection.execute(query("losses/insert"), parameters)
        mean = float(losses.mean(dtype=np.float64)) if len(ids) else None
        step, epoch = (0, 0.0) if checkpoint == START else (None, None)
        connection.execute(
            query("losses/checkpoint"),
            parameters | {"step": step, "epoch": epoch, "mean_loss": mean},
        )


def _trajectories(table: Published, *, key: str) -> Numbers:
    """Return float32 (n_rows, T) with at least one row and one checkpoint."""
    matrix = np.zeros((0, 0), dtype=np.float32)
    if table.n_rows:
        matrix = _numbers(table, key=key)
    if not matrix.size:
        raise SignalError(
            f"{table.file} holds {matrix.shape[0]:,} trajectories of {matrix.shape[1]:,} losses: "
            "there is nothing to import"
        )
    return matrix


def _numbers(table: Published, *, key: str) -> Numbers:
    matrix = table.columns.get("values")
    if isinstance(matrix, np.ndarray):
        return _matrix(table, matrix)
    column = table.columns.get("losses")
    if column is not None:
        if _is_list(column.type):
            return _lists(table, column)
        return _stacked(table, ["losses"])
    numeric = [
        name
        for name in table.columns
        if name not in (key, "row", "fingerprint") and _is_numeric(table.columns[name].type)
    ]
    if not numeric:
        raise SignalError(
            f"{table.file}: expected a column `losses` of lists or one numeric column per "
            f"checkpoint; it has {listed(table.columns)}"
        )
    return _stacked(table, in_order(numeric, file=table.file, what="numeric column"))


def _matrix(table: Published, matrix: Numbers) -> Numbers:
    if matrix.dtype.kind not in "fiu" or matrix.ndim > 2:
        raise SignalError(
            f"{table.file} holds {matrix.dtype} of shape {matrix.shape}; expected numbers, "
            "one row per instruction"
        )
    return np.asarray(matrix.reshape(table.n_rows, -1), dtype=np.float32)


def _is_list(type_: Any) -> bool:
    kinds = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    return any(is_kind(type_) for is_kind in kinds)


def _is_numeric(type_: Any) -> bool:
    return bool(pa.types.is_floating(type_) or pa.types.is_integer(type_))


def _stacked(table: Published, names: list[str]) -> Numbers:
    columns = {name: table.columns[name] for name in names}
    for name, column in columns.items():
        if not _is_numeric(column.type):
            raise SignalError(f"{table.file}: {name}: expected numbers, got {column.type}")
    arrays = [column.to_numpy(zero_copy_only=False) for column in columns.values()]
    return np.stack([array.astype(np.float32) for array in arrays], axis=1)


def _lists(table: Published, column: Any) -> Numbers:
    """Return lists of equal lengths as a matrix."""
    if not _is_numeric(column.type.value_type):
        raise SignalError(f"{table.file}: losses: expected numbers, got {column.type.value_type}")
    if column.null_count:
        first = pc.index(column.is_null(), True).as_py()
        raise SignalError(
            f"{table.file}: row {first} has no losses, and {column.null_count:,} rows in all; "
            "remove them and match with --key"
        )
    lengths = pc.list_value_length(column).to_pylist()
    ((usual, n_usual),) = Counter(lengths).most_common(1)
    if n_usual < len(lengths):
        first = next(i for i, length in enumerate(lengths) if length != usual)
        raise SignalError(
            f"{table.file}: trajectories differ in length: row {first} has {lengths[first]} "
            f"losses and most have {usual}; every row needs a loss at every checkpoint"
        )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(table.n_rows, -1)


def _refuse_negative(table: Published, rows: _Rows) -> None:
    """Refuse losses below zero: they cannot be cross-entropies."""
    negative = np.flatnonzero(rows.is_whole & (rows.losses < 0).any(axis=1))
    if not len(negative):
        return
    first = negative[rows.positions[negative].argmin()]
    raise SignalError(
        f"{table.file}: {len(negative):,} of {table.n_rows:,} rows hold a negative loss "
        f"(row {rows.positions[first]}: {rows.losses[first].min():g}); a cross-entropy is never "
        "negative: negate log-probabilities, and write NaN where there is no loss"
    )
