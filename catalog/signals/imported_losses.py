"""Loss trajectories from anybody's training run."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog.errors import SignalError
from catalog.signals.frame import Values, write_shard
from catalog.signals.keys import NOBODY, count_members, instruction_ids
from catalog.signals.published import Import, Numbers, Published, digest, read_table
from catalog.signals.registry import Signal, ensure_signal, find_signal
from catalog.store.database import WAIT, Connection, writing
from catalog.store.folders import Home
from catalog.store.queries import query
from catalog.store.references import Reference

NAN = "not_a_number"


def import_losses(home: Home, reference: Reference, file: str, *, proxy: str, key: str = "row", wait: float = WAIT) -> Import:
    """Import loss trajectories from anybody's training run.

    Args:
        home: the catalog's folder.
        reference: the pool or subset that was trained on.
        file: one list of losses a row (Parquet, JSON Lines: the column ``losses``), one numeric column a checkpoint (CSV, Parquet),
            an ``.npy`` matrix, or safetensors with one tensor a checkpoint.
        proxy: the name of the model that the losses are of.
        key: ``row``, ``fingerprint`` or a column that the records had too.
        wait: seconds to wait for another process.

    Raises:
        SourceError: the file cannot be read.
        SignalError: lengths differ, the keys do not fit, or there are no numbers.
    """
    started = time.monotonic()
    table = read_table(file)
    trajectories = _trajectories(table, key=key)  # (n_rows, T)
    broken = ~np.isfinite(trajectories).all(axis=1)
    with writing(home, wait=wait) as connection:
        ids = instruction_ids(connection, reference, table, key=key)
        is_member = ids != NOBODY
        kept = is_member & ~broken
        gaps = [(int(i), NAN) for i in ids[is_member & broken]]
        identity = {"imported": digest(ids, trajectories), "checkpoints": trajectories.shape[1]}
        is_new = find_signal(connection, kind="losses", name=proxy, identity=identity) is None
        details = {"file": table.file, "key": key}
        signal = ensure_signal(connection, kind="losses", name=proxy, identity=identity, dimension=trajectories.shape[1], details=details)
        if is_new:
            values = Values(pa.table({"instruction_id": ids[kept]}), gaps=gaps)
            write_shard(connection, home, signal, values, seconds=time.monotonic() - started)
            _write_checkpoints(connection, signal, ids[kept], trajectories[kept])
        return Import(
            signal=signal,
            is_new=is_new,
            n_rows=table.n_rows,
            n_with_value=int(kept.sum()),
            n_without_member=int((~is_member).sum()),
            n_members=count_members(connection, reference),
            n_checkpoints=trajectories.shape[1],
            reasons={NAN: len(gaps)} if gaps else {},
        )


def _write_checkpoints(connection: Connection, signal: Signal, ids: Numbers, trajectories: Numbers) -> None:
    for checkpoint in range(trajectories.shape[1]):
        losses = np.ascontiguousarray(trajectories[:, checkpoint])
        unknown = pa.nulls(len(ids), pa.int32())
        connection.register("checkpoint_losses", pa.table({"instruction_id": ids, "loss": losses, "n_tokens": unknown}))
        at = {"signal_id": signal.signal_id, "checkpoint": checkpoint}
        connection.execute(query("losses/insert"), at)
        mean = float(losses.mean(dtype=np.float64)) if len(ids) else None
        connection.execute(query("losses/checkpoint"), at | {"step": None, "epoch": None, "mean_loss": mean})


def _trajectories(table: Published, *, key: str) -> Numbers:
    if "values" in table.columns and isinstance(table.columns["values"], np.ndarray):
        matrix = table.columns["values"]
        return np.asarray(matrix.reshape(table.n_rows, -1), dtype=np.float32)
    column = table.columns.get("losses")
    if column is not None and (
        pa.types.is_list(column.type) or pa.types.is_large_list(column.type) or pa.types.is_fixed_size_list(column.type)
    ):
        return _ragged(table, column)
    numeric = {
        name: values
        for name, values in table.columns.items()
        if name not in (key, "row", "fingerprint") and (pa.types.is_floating(values.type) or pa.types.is_integer(values.type))
    }
    if not numeric:
        raise SignalError(
            f"{table.file}: neither a column `losses` of lists nor one numeric column a checkpoint; it has {', '.join(table.columns)}"
        )
    return np.stack([values.to_numpy(zero_copy_only=False).astype(np.float32) for values in numeric.values()], axis=1)


def _ragged(table: Published, column: Any) -> Numbers:
    lengths = pc.list_value_length(column)
    counts = Counter(lengths.to_pylist())
    if len(counts) > 1:
        usual = counts.most_common(1)[0][0]
        first = next(i for i, n in enumerate(lengths.to_pylist()) if n != usual)
        raise SignalError(
            f"{table.file}: trajectories differ in length: row {first} has {lengths[first].as_py()} losses and most have {usual}; "
            "every instruction needs a loss at every checkpoint"
        )
    flat = column.flatten().to_numpy(zero_copy_only=False)
    return np.asarray(flat, dtype=np.float32).reshape(table.n_rows, -1)
