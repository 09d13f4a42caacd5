"""Import of published scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from catalog.compute.imports.merge import kept_scores
from catalog.compute.imports.report import ImportReport, Numbers, digest
from catalog.compute.imports.row_matching import (
    NOT_A_MEMBER,
    NOT_IN_FILE,
    Ids,
    first_without_member,
    instruction_ids,
    member_ids,
)
from catalog.compute.imports.table import Published, file_sha256, read_table
from catalog.compute.shard_writer import Values, write_shard
from catalog.errors import SignalError
from catalog.signals.registry import Signal, keep_import, list_named, planned_import
from catalog.store.database import Connection
from catalog.store.references import Reference, check_name
from catalog.store.store import Store

NOT_A_NUMBER, MISSING, MARKED_MISSING = "not_a_number", "missing", "marked_missing"


def import_scores(
    store: Store,
    reference: Reference,
    file: str,
    columns: Mapping[str, str],
    *,
    key: str = "row",
    missing: Sequence[float] = (),
    made_by: str | None = None,
    note: str | None = None,
    url: str | None = None,
    dry_run: bool = False,
) -> list[ImportReport]:
    """Import one number per instruction and score.

    If a score is imported more than once, the latest import wins. When rows are matched by key,
    members missing from the file keep their previous value; without one they have none, with the
    reason ``not_in_file``. Rows about no member are counted and left out.

    Args:
        store: the catalog's files and database.
        reference: the pool or subset that the file is about.
        file: Parquet, CSV, JSON Lines or ``.npy``.
        columns: the column that holds the numbers of each score, or a dotted path, by the score's
            name. No score may be one that was computed here.
        key: ``row``, ``fingerprint`` or a column that the records have too.
        missing: numbers that mean "no rating", stored as NULL with the reason ``marked_missing``.
        made_by: the model, the people or the method that made the numbers; kept with each score,
            as the file's name and hash are.
        note: any text, kept too.
        url: where the numbers were published, kept too.
        dry_run: match and count, and write nothing.

    Raises:
        SourceError: the file cannot be read, or a column is missing.
        SignalError: its length or keys do not fit, a column holds no numbers, or a score of that
            name was computed here.
        OptionError: a name is invalid.
    """
    for name in columns:
        check_name(name)
    table = _read(file, columns=list(dict.fromkeys(columns.values())), key=key)
    details = {"file": table.file, "sha256": file_sha256(file), "key": key}
    origin = {"made_by": made_by, "note": note, "url": url}
    details |= {name: text for name, text in origin.items() if text}
    with (store.reading if dry_run else store.writing)() as connection:
        matched = _Matched(
            table,
            instruction_ids(connection, reference, table, key=key),
            member_ids(connection, reference),
        )
        return [
            _import_score(
                connection,
                store,
                reference,
                matched,
                name=name,
                column=column,
                missing=missing,
                details=details | {"value": column},
                is_dry_run=dry_run,
            )
            for name, column in columns.items()
        ]


@dataclass(frozen=True)
class _Matched:
    """A table, the instruction of each of its rows, and the members of what it is about."""

    table: Published
    ids: Ids
    members: Ids


def _import_score(
    connection: Connection,
    store: Store,
    reference: Reference,
    matched: _Matched,
    *,
    name: str,
    column: str,
    missing: Sequence[float],
    details: Mapping[str, Any],
    is_dry_run: bool,
) -> ImportReport:
    table, ids, members = matched.table, matched.ids, matched.members
    numbers = _numbers(table, column)
    reasons = _reasons(table, numbers, column, missing=missing)
    _refuse_computed(connection, name)
    kept, previous = kept_scores(connection, reference, np.setdiff1d(members, ids), name=name)
    ids, numbers = np.append(ids, kept), np.append(numbers, previous)
    reasons = np.append(reasons, np.full(len(kept), "", dtype=object))
    absent = np.setdiff1d(members, ids)  # none where rows are matched by position
    values = _values(ids, numbers, reasons, absent)
    identity = {"imported": digest(ids, numbers, reasons, absent)}
    planned = planned_import(kind="score", name=name, identity=identity, details=details)

    def write(signal: Signal) -> None:
        write_shard(connection, store, signal, values, seconds=0.0)

    signal, is_new = keep_import(connection, planned, write=write, is_dry_run=is_dry_run)
    return ImportReport(
        signal=signal,
        is_new=is_new,
        n_rows=table.n_rows,
        n_with_value=values.rows.num_rows,
        n_without_member=int((ids == NOT_A_MEMBER).sum()),
        first_without_member=first_without_member(table, ids, key=str(details["key"])),
        n_members=len(members),
        n_kept=len(kept),
        reasons=dict(Counter(reason for _, reason in values.gaps)),
        is_dry_run=is_dry_run,
    )


def _read(file: str, *, columns: list[str], key: str) -> Published:
    if key != "row":
        return read_table(file, columns=list(dict.fromkeys([*columns, key])))
    return read_table(file, columns=columns, optional=("row",))


def _refuse_computed(connection: Connection, name: str) -> None:
    known = list_named(connection, kind="score", name=name)
    if any("imported" not in signal.identity for signal in known):
        raise SignalError(
            f"the score {name} was computed here, and the import would replace it: "
            "choose another --name"
        )


def _values(ids: Ids, numbers: Numbers, reasons: Numbers, absent: Ids) -> Values:
    """Return what is written of members that rows are about, and of the absent ones."""
    is_member, has_value = ids != NOT_A_MEMBER, reasons == ""
    kept = is_member & has_value
    explained = np.flatnonzero(is_member & ~has_value)
    gaps = [(int(ids[i]), str(reasons[i])) for i in explained]
    gaps += [(int(i), NOT_IN_FILE) for i in absent]
    return Values(pa.table({"instruction_id": ids[kept], "value": numbers[kept]}), gaps=gaps)


def _numbers(table: Published, name: str) -> Numbers:
    column: Any = table.columns.get(name, table.columns.get("values"))
    if isinstance(column, np.ndarray):
        if column.dtype.kind not in "fiu":
            raise SignalError(
                f"{table.file}: expected floats or integers as scores, got {column.dtype}"
            )
        numbers = column
    elif pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
        numbers = column.to_numpy(zero_copy_only=False)
    else:
        raise SignalError(
            f"{table.file}: expected numbers in the column {name}, got {column.type}; "
            "name another with --column"
        )
    if numbers.ndim != 1:
        raise SignalError(f"{table.file}: expected one number per row, got {numbers.shape[1]}")
    return np.asarray(numbers, dtype=np.float64)


def _reasons(
    table: Published, numbers: Numbers, value: str, *, missing: Sequence[float]
) -> Numbers:
    """Return why a row has no value: shape (n_rows,), an empty text where it has one."""
    reasons = np.full(len(numbers), "", dtype=object)
    reasons[~np.isfinite(numbers)] = NOT_A_NUMBER
    column = table.columns.get(value)
    if isinstance(column, pa.Array):
        reasons[column.is_null().to_numpy(zero_copy_only=False)] = MISSING
    reasons[np.isin(numbers, np.asarray(missing, dtype=np.float64))] = MARKED_MISSING
    return reasons
