"""Loss trajectories from anybody's training run."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.compute.imports.checkpoint_names import in_order
from catalog.compute.imports.merge import kept_losses
from catalog.compute.imports.row_matching import ABSENT, NOBODY, instruction_ids, member_ids
from catalog.compute.imports.table import ImportReport, Numbers, Published, digest, read_table
from catalog.compute.shard_runner import Values, write_shard
from catalog.errors import SignalError, listed
from catalog.signals.registry import Signal, keep_import, planned_import
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, check_name
from catalog.store.shard_hash import record_sha256
from catalog.store.store import Store

NAN = "not_a_number"


def import_losses(
    store: Store,
    reference: Reference,
    file: str,
    *,
    proxy: str,
    key: str = "row",
    is_dry_run: bool = False,
) -> ImportReport:
    """Import loss trajectories from anybody's training run; of several of one name the last is read, also when it was there before.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset that was trained on.
        file: one list of losses a row (Parquet, JSON Lines: the column ``losses``), one numeric column a checkpoint, named alike but
            for a number (CSV, Parquet: ``step_2``, ``step_10``), an ``.npy`` matrix, or safetensors
            with one tensor a checkpoint.
        proxy: the name of the model that the losses are of.
        key: ``row``, ``fingerprint`` or a column that the records had too. A member that a file
            with keys does not name keeps the losses of the import before it, when they are at as
            many checkpoints.
        is_dry_run: match and count, and write nothing.

    Raises:
        SourceError: the file cannot be read.
        SignalError: lengths differ, the keys do not fit, there are no numbers, one is negative, or a numeric column is no checkpoint.
        OptionError: the proxy's name is none.
    """
    check_name(proxy)
    started = time.monotonic()
    table = read_table(file)
    published = _trajectories(table, key=key)  # (n_rows, T)
    with (store.reading if is_dry_run else store.writing)() as connection:
        found = instruction_ids(connection, reference, table, key=key)
        members = member_ids(connection, reference)
        absent = np.setdiff1d(members, found)
        before, theirs, n_lost = kept_losses(
            connection, reference, absent, proxy=proxy, n_checkpoints=published.shape[1]
        )
        found, published = np.append(found, before), np.concatenate([published, theirs])
        absent = np.setdiff1d(
            members, found
        )  # of whom nothing is known; none where rows are matched by position
        order = np.argsort(found, kind="stable")
        order = order[found[order] != NOBODY]
        ids, trajectories = (
            found[order],
            published[order],
        )  # in an order that is not the file's: it is small, and known again
        kept = np.isfinite(trajectories).all(axis=1)
        _refuse_negative(table, trajectories, order, kept=kept)
        gaps = [(int(i), NAN) for i in ids[~kept]] + [(int(i), ABSENT) for i in absent]
        imported = digest(ids, trajectories, *([absent] if len(absent) else []))
        identity = {"imported": imported, "checkpoints": trajectories.shape[1]}
        n_checkpoints, details = trajectories.shape[1], {"file": table.file, "key": key}
        planned = planned_import(
            kind="losses", name=proxy, identity=identity, dimension=n_checkpoints, details=details
        )

        def write(signal: Signal) -> None:
            values = Values(pa.table({"instruction_id": ids[kept]}), gaps=gaps)
            shard = write_shard(
                connection, store, signal, values, seconds=time.monotonic() - started
            )
            _write_checkpoints(connection, signal, ids[kept], trajectories[kept])
            record_sha256(connection, kind=signal.kind, signal_id=signal.signal_id, shard=shard)

        signal, is_new = keep_import(connection, planned, write=write, is_dry_run=is_dry_run)
        return ImportReport(
            signal=signal,
            is_new=is_new,
            n_rows=table.n_rows,
            n_with_value=int(kept.sum()),
            n_without_member=len(found) - len(ids),
            n_members=len(members),
            n_checkpoints=trajectories.shape[1],
            n_kept=len(before),
            n_lost=n_lost,
            reasons=dict(Counter(reason for _, reason in gaps)),
            is_dry_run=is_dry_run,
        )


def _write_checkpoints(
    connection: Connection, signal: Signal, ids: Numbers, trajectories: Numbers
) -> None:
    for checkpoint in range(trajectories.shape[1]):
        losses = np.ascontiguousarray(trajectories[:, checkpoint])
        unknown = pa.nulls(len(ids), pa.int32())
        connection.register(
            "checkpoint_losses",
            pa.table({"instruction_id": ids, "loss": losses, "n_tokens": unknown}),
        )
        at = {"signal_id": signal.signal_id, "checkpoint": checkpoint}
        connection.execute(query("losses/insert"), at)
        mean = float(losses.mean(dtype=np.float64)) if len(ids) else None
        connection.execute(
            query("losses/checkpoint"), at | {"step": None, "epoch": None, "mean_loss": mean}
        )


def _trajectories(table: Published, *, key: str) -> Numbers:
    """float32 (n_rows, T), at least one row and one checkpoint."""
    matrix = _numbers(table, key=key) if table.n_rows else np.zeros((0, 0), dtype=np.float32)
    if not matrix.size:
        raise SignalError(
            f"{table.file} holds {matrix.shape[0]:,} trajectories of {matrix.shape[1]:,} losses: there is nothing to import"
        )
    return matrix


def _numbers(table: Published, *, key: str) -> Numbers:
    if "values" in table.columns and isinstance(table.columns["values"], np.ndarray):
        matrix = table.columns["values"]
        if matrix.dtype.kind not in "fiu" or matrix.ndim > 2:
            raise SignalError(
                f"{table.file} holds {matrix.dtype} of shape {matrix.shape}; losses are numbers, one row an instruction"
            )
        return np.asarray(matrix.reshape(table.n_rows, -1), dtype=np.float32)
    column = table.columns.get("losses")
    if column is not None and (
        pa.types.is_list(column.type)
        or pa.types.is_large_list(column.type)
        or pa.types.is_fixed_size_list(column.type)
    ):
        return _ragged(table, column)
    if column is not None:
        return _stacked(table, ["losses"])
    numeric = [
        name
        for name in table.columns
        if name not in (key, "row", "fingerprint") and _is_numeric(table.columns[name])
    ]
    if not numeric:
        raise SignalError(
            f"{table.file}: neither a column `losses` of lists nor one numeric column a checkpoint; it has {listed(table.columns)}"
        )
    return _stacked(table, in_order(numeric, file=table.file, what="numeric column"))


def _is_numeric(values: Any) -> bool:
    return bool(pa.types.is_floating(values.type) or pa.types.is_integer(values.type))


def _stacked(table: Published, names: list[str]) -> Numbers:
    wrong = [name for name in names if not _is_numeric(table.columns[name])]
    if wrong:
        raise SignalError(
            f"{table.file}: its {wrong[0]} are {table.columns[wrong[0]].type}, and numbers are wanted"
        )
    return np.stack(
        [table.columns[name].to_numpy(zero_copy_only=False).astype(np.float32) for name in names],
        axis=1,
    )


def _refuse_negative(
    table: Published, trajectories: Numbers, rows: Numbers, *, kept: Numbers
) -> None:
    """Losses are cross-entropies; a file of something else would be taken for trajectories."""
    negative = np.flatnonzero(kept & (trajectories < 0).any(axis=1))
    if len(negative):
        row, loss = rows[negative].min(), trajectories[negative[rows[negative].argmin()]].min()
        raise SignalError(
            f"{table.file}: {len(negative):,} of {table.n_rows:,} rows hold a negative loss (row {row}: {loss:g}), and a cross-entropy "
            "is never below zero: turn the sign of log-probabilities, write NaN where there is none"
        )


def _ragged(table: Published, column: Any) -> Numbers:
    if not (
        pa.types.is_floating(column.type.value_type) or pa.types.is_integer(column.type.value_type)
    ):
        raise SignalError(
            f"{table.file}: its losses are {column.type.value_type}, and numbers are wanted"
        )
    lengths = pc.list_value_length(column)
    counts = Counter(lengths.to_pylist())
    if column.null_count:
        first = pc.index(column.is_null(), True).as_py()
        raise SignalError(
            f"{table.file}: row {first} has no losses, and {column.null_count:,} rows in all; leave them out and match with --key"
        )
    if len(counts) > 1:
        usual = counts.most_common(1)[0][0]
        first = next(i for i, n in enumerate(lengths.to_pylist()) if n != usual)
        raise SignalError(
            f"{table.file}: trajectories differ in length: row {first} has {lengths[first].as_py()} losses and most have {usual}; "
            "every instruction needs a loss at every checkpoint"
        )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(table.n_rows, -1)
