"""Scores that others published, for the instructions that they are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.errors import SignalError
from catalog.signals.frame import Values, write_shard
from catalog.signals.keys import ABSENT, NOBODY, instruction_ids, member_ids
from catalog.signals.published import Import, Numbers, Published, digest, read_table
from catalog.signals.registry import ensure_signal, find_signal, list_named, renew_signal
from catalog.store.database import WAIT, writing
from catalog.store.folders import Home
from catalog.store.references import Reference, check_name

NAN, MISSING, MARKED = "not_a_number", "missing", "marked_missing"


def import_scores(
    home: Home,
    reference: Reference,
    file: str,
    *,
    name: str,
    key: str = "row",
    value: str | None = None,
    missing: Sequence[float] = (),
    wait: float = WAIT,
) -> Import:
    """Import one number an instruction; of several imports of one name the last is read, also when its numbers were there before.

    Args:
        home: the catalog's folder.
        reference: the pool or subset that the file is about.
        file: Parquet, CSV, JSON Lines or ``.npy``.
        name: of the score; not one that was computed here.
        key: ``row``, ``fingerprint`` or a column that the records had too.
        value: the column that holds the number, or a dotted path; the score's name when None.
        missing: numbers that mean "no rating", stored as NULL with the reason ``marked_missing``. A member that a file with keys does
            not name has none either, with the reason ``not_in_file``.
        wait: seconds to wait for another process.

    Raises:
        SourceError: the file cannot be read.
        SignalError: its length or keys do not fit, the column holds no numbers, or a score of that name was computed here.
        OptionError: the name is none.
    """
    check_name(name)
    column = value or name
    wanted = [column] if key == "row" else [column, key]
    table = read_table(file, columns=wanted, optional=["row"] if key == "row" and column != "row" else [])
    numbers = _numbers(table, table.columns.get(column, table.columns.get("values")))
    reasons = _reasons(table, numbers, column, missing=missing)
    with writing(home, wait=wait) as connection:
        if any("imported" not in known.identity for known in list_named(connection, kind="score", name=name)):
            raise SignalError(f"the score {name} was computed here, and what is imported would stand in for it: choose another --name")
        ids = instruction_ids(connection, reference, table, key=key)
        is_member = ids != NOBODY
        kept = is_member & (reasons == "")
        members = member_ids(connection, reference)
        absent = np.setdiff1d(members, ids)  # of whom the file says nothing; none where rows are matched by position
        gaps = [(int(ids[i]), str(reasons[i])) for i in np.flatnonzero(is_member & (reasons != ""))]
        gaps += [(int(one), ABSENT) for one in absent]
        identity = {"imported": digest(ids, numbers, reasons, *([absent] if len(absent) else []))}
        is_new = find_signal(connection, kind="score", name=name, identity=identity) is None
        details = {"file": table.file, "key": key, "value": column}
        signal = ensure_signal(connection, kind="score", name=name, identity=identity, details=details)
        if is_new:
            rows = pa.table({"instruction_id": ids[kept], "value": numbers[kept]})
            write_shard(connection, home, signal, Values(rows, gaps=gaps), seconds=0.0)
        else:
            renew_signal(connection, signal)  # the last import counts, though another came between
        return Import(
            signal=signal,
            is_new=is_new,
            n_rows=table.n_rows,
            n_with_value=int(kept.sum()),
            n_without_member=int((~is_member).sum()),
            n_members=len(members),
            reasons=dict(Counter(reason for _, reason in gaps)),
        )


def _numbers(table: Published, column: Any) -> Numbers:
    if isinstance(column, np.ndarray):
        if column.dtype.kind not in "fiu":
            raise SignalError(f"{table.file} holds {column.dtype}, and a score is a number: save floats or integers")
        numbers = column
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
    else:
        raise SignalError(f"{table.file}: the column holds {column.type}, and a score is a number; name another with --value")
    if numbers.ndim != 1:
        raise SignalError(f"{table.file} has {numbers.shape[1]} numbers a row, and a score is one")
    return np.asarray(numbers, dtype=np.float64)


def _reasons(table: Published, numbers: Numbers, value: str, *, missing: Sequence[float]) -> Numbers:
    """Why a row has no value: shape (n_rows,), an empty text where it has one."""
    reasons = np.full(len(numbers), "", dtype=object)
    reasons[~np.isfinite(numbers)] = NAN
    column = table.columns.get(value)
    if isinstance(column, pa.Array):
        reasons[column.is_null().to_numpy(zero_copy_only=False)] = MISSING
    reasons[np.isin(numbers, np.asarray(missing, dtype=np.float64))] = MARKED
    return reasons
