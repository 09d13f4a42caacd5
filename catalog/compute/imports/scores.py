"""Scores that others published, for the instructions that they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.imports.merge import kept_scores
from catalog.compute.imports.row_matching import ABSENT, NOBODY, Ids, instruction_ids, member_ids
from catalog.compute.imports.table import ImportReport, Numbers, Published, digest, read_table
from catalog.compute.shard_runner import Values, write_shard
from catalog.errors import SignalError
from catalog.signals.registry import Signal, keep_import, list_named, planned_import
from catalog.store.database import Connection
from catalog.store.references import Reference, check_name
from catalog.store.store import Store

NAN, MISSING, MARKED = "not_a_number", "missing", "marked_missing"


def import_scores(
    store: Store,
    reference: Reference,
    file: str,
    *,
    name: str,
    key: str = "row",
    value: str | None = None,
    missing: Sequence[float] = (),
    is_dry_run: bool = False,
) -> ImportReport:
    """Import one number an instruction; of several imports of one name the last is read, also when its numbers were there before.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset that the file is about.
        file: Parquet, CSV, JSON Lines or ``.npy``.
        name: of the score; not one that was computed here.
        key: ``row``, ``fingerprint`` or a column that the records had too.
        value: the column that holds the number, or a dotted path; the score's name when None.
        missing: numbers that mean "no rating", stored as NULL with the reason ``marked_missing``. A member that a file does not name
            keeps the number of the import before; without one it has none, with the reason
            ``not_in_file``.
        is_dry_run: match and count, and write nothing.

    Raises:
        SourceError: the file cannot be read.
        SignalError: its length or keys do not fit, the column holds no numbers, or a score of that name was computed here.
        OptionError: the name is none.
    """
    check_name(name)
    column = value or name
    wanted = [column] if key == "row" else [column, key]
    table = read_table(
        file, columns=wanted, optional=["row"] if key == "row" and column != "row" else []
    )
    numbers = _numbers(table, table.columns.get(column, table.columns.get("values")))
    reasons = _reasons(table, numbers, column, missing=missing)
    with (store.reading if is_dry_run else store.writing)() as connection:
        _refuse_computed(connection, name)
        ids = instruction_ids(connection, reference, table, key=key)
        members = member_ids(connection, reference)
        kept, theirs = kept_scores(connection, reference, np.setdiff1d(members, ids), name=name)
        ids, numbers, reasons = (
            np.append(ids, kept),
            np.append(numbers, theirs),
            np.append(reasons, np.full(len(kept), "", dtype=object)),
        )
        absent = np.setdiff1d(
            members, ids
        )  # of whom nothing is known; none where rows are matched by position
        values = _values(ids, numbers, reasons, absent)
        identity = {"imported": digest(ids, numbers, reasons, *([absent] if len(absent) else []))}
        details = {"file": table.file, "key": key, "value": column}
        planned = planned_import(kind="score", name=name, identity=identity, details=details)

        def write(signal: Signal) -> None:
            write_shard(connection, store, signal, values, seconds=0.0)

        signal, is_new = keep_import(connection, planned, write=write, is_dry_run=is_dry_run)
        return ImportReport(
            signal=signal,
            is_new=is_new,
            n_rows=table.n_rows,
            n_with_value=values.rows.num_rows,
            n_without_member=int((ids == NOBODY).sum()),
            n_members=len(members),
            n_kept=len(kept),
            reasons=dict(Counter(reason for _, reason in values.gaps)),
            is_dry_run=is_dry_run,
        )


def _refuse_computed(connection: Connection, name: str) -> None:
    if any(
        "imported" not in known.identity
        for known in list_named(connection, kind="score", name=name)
    ):
        raise SignalError(
            f"the score {name} was computed here, and what is imported would stand in for it: choose another --name"
        )


def _values(ids: Ids, numbers: Numbers, reasons: Numbers, absent: Ids) -> Values:
    """What is written of the members among the rows, and of those that no row is about."""
    is_member, has_value = ids != NOBODY, reasons == ""
    kept = is_member & has_value
    gaps = [(int(ids[i]), str(reasons[i])) for i in np.flatnonzero(is_member & ~has_value)] + [
        (int(one), ABSENT) for one in absent
    ]
    return Values(pa.table({"instruction_id": ids[kept], "value": numbers[kept]}), gaps=gaps)


def _numbers(table: Published, column: Any) -> Numbers:
    if isinstance(column, np.ndarray):
        if column.dtype.kind not in "fiu":
            raise SignalError(
                f"{table.file} holds {column.dtype}, and a score is a number: save floats or integers"
            )
        numbers = column
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
    else:
        raise SignalError(
            f"{table.file}: the column holds {column.type}, and a score is a number; name another with --value"
        )
    if numbers.ndim != 1:
        raise SignalError(f"{table.file} has {numbers.shape[1]} numbers a row, and a score is one")
    return np.asarray(numbers, dtype=np.float64)


def _reasons(
    table: Published, numbers: Numbers, value: str, *, missing: Sequence[float]
) -> Numbers:
    """Why a row has no value: shape (n_rows,), an empty text where it has one."""
    reasons = np.full(len(numbers), "", dtype=object)
    reasons[~np.isfinite(numbers)] = NAN
    column = table.columns.get(value)
    if isinstance(column, pa.Array):
        reasons[column.is_null().to_numpy(zero_copy_only=False)] = MISSING
    reasons[np.isin(numbers, np.asarray(missing, dtype=np.float64))] = MARKED
    return reasons
