"""Running a selection: from its definition to its members in rank order."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.errors import SelectionError
from catalog.messages import argument
from catalog.query.executor import Execution, Limits, executing
from catalog.query.stream import deduplicate_column_names
from catalog.selection.definition import Definition
from catalog.selection.token_score import n_within
from catalog.store.queries import query
from catalog.store.quoting import quoted
from catalog.store.references import listed_references, source_parameters
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


COPIES = "copies"
"""Column of an answer that says how many rows a member is."""
KEPT = ("instruction_id", COPIES)
"""Columns of an answer that are stored by themselves, not as a member's why."""
MOST_COPIES = 1000


@dataclass(frozen=True)
class SelectionResult:
    """Members that a selection takes.

    Attributes:
        definition: what they follow from.
        members: ``instruction_id``, ``fingerprint``, ``copies`` (how many rows the member is) and
            ``why`` (JSON text), in rank order.
        shortfall: how many members are missing to the budget.
        seconds: how long it took.
    """

    definition: Definition
    members: pa.Table
    shortfall: int
    seconds: float

    @property
    def sha256(self) -> str:
        """Return the hash of the rows in order."""
        return members_sha256(self.rows)

    @property
    def n_rows(self) -> int:
        """Return how many rows the members are."""
        from catalog.arrow import to_numpy

        return int(to_numpy(self.members["copies"]).sum())

    @property
    def rows(self) -> list[str]:
        """Return the fingerprints of the rows in order, as the macro `row_position` orders them."""
        import numpy as np

        from catalog.arrow import to_numpy

        copies = to_numpy(self.members["copies"])  # (n,)
        rank = np.repeat(np.arange(1, len(copies) + 1), copies)  # (rows,)
        copy = np.arange(len(rank)) - np.repeat(np.cumsum(copies) - copies, copies)
        position = (copy + (rank - 0.5) / len(copies)) / np.repeat(copies, copies)
        order = np.lexsort((rank, position))
        fingerprints = self.members["fingerprint"].to_pylist()
        return [fingerprints[place] for place in (rank[order] - 1).tolist()]


def choose(
    store: Store, definition: Definition, *, limits: Limits | None = None
) -> SelectionResult:
    """Run a selection.

    Raises:
        SelectionError: the answer lacks the columns of a selection.
        SignalError: a signal that it reads is missing or incomplete.
        InterruptedQueryError: it needs more memory or time than its limits.
    """
    import pyarrow as pa

    started = time.monotonic()
    running = executing(
        store, definition.text, definition.given, limits or Limits(), selection=definition.planned
    )
    with running as execution:
        answer = execution.table(execution.planned.query)
        _check_answer(answer, definition)
        answer, is_met = within_tokens(execution, answer, definition)
        ids = answer["instruction_id"]
        if ids.type != pa.int64():  # pyarrow imports its functions to cast, which takes 100 ms
            ids = ids.cast(pa.int64())
        found = _looked_up(execution, definition, ids)
        copies = _copies(answer, file=definition.selector.file)
        others = answer.drop_columns([name for name in KEPT if name in answer.column_names])
        columns = others.rename_columns(deduplicate_column_names(others.column_names))
        why = _why(execution, columns, file=definition.selector.file)
    members = found.select(["instruction_id", "fingerprint"])
    members = members.append_column(COPIES, copies).append_column("why", why)
    shortfall = 0 if is_met else definition.budget - members.num_rows
    return SelectionResult(definition, members, shortfall, time.monotonic() - started)


def within_tokens(
    execution: Execution, answer: pa.Table, definition: Definition
) -> tuple[pa.Table, bool]:
    """Return the rows of an answer that fit into a budget of tokens, and whether it is met.

    Rows without tokens are left out. Without such a budget the answer stays as it is.

    Raises:
        SelectionError: not even the first one fits.
    """
    if definition.tokens is None:
        return answer, False
    ids = answer["instruction_id"].combine_chunks()
    n, has_tokens = n_within(execution.session.connection, ids, definition.tokens)
    counted = answer.filter(has_tokens)
    if not n:
        raise SelectionError(
            f"{definition.selector.file}: the first of {counted.num_rows:,} members with tokens "
            f"has more than the budget of {definition.asked}"
        )
    return counted.slice(0, n), n < counted.num_rows


def _copies(answer: pa.Table, *, file: str) -> pa.Array:
    """Return how many rows each member is: 1 where the answer has no column ``copies``: (n,) int32.

    Raises:
        SelectionError: a value is no whole number of at least 1.
    """
    import numpy as np
    import pyarrow as pa

    from catalog.arrow import from_numpy

    if COPIES not in answer.column_names:
        return from_numpy(np.ones(answer.num_rows, dtype=np.int32))
    values = answer[COPIES].to_pylist()
    wrong = [each for each in values if not isinstance(each, int) or not 1 <= each <= MOST_COPIES]
    if wrong:
        raise SelectionError(
            f"{file}: copies is {wrong[0]!r} in {len(wrong):,} of {len(values):,} rows: it is how "
            f"many rows a member is, a whole number from 1 to {MOST_COPIES:,}"
        )
    return pa.array(values, pa.int32())


def members_sha256(fingerprints: Iterable[str]) -> str:
    """Return the hash of the members in order: over the fingerprints, each with a line feed.

    >>> members_sha256(["a", "b"]) == members_sha256(["b", "a"])
    False
    """
    return hashlib.sha256(member_lines(fingerprints)).hexdigest()


def member_lines(fingerprints: Iterable[str]) -> bytes:
    """Return the bytes that `members_sha256` hashes, for members that come in parts."""
    return "".join(f"{fingerprint}\n" for fingerprint in fingerprints).encode()


def _check_answer(answer: pa.Table, definition: Definition) -> None:
    """Refuse what the columns of the answer do not show before the run."""
    file = definition.selector.file
    ids = answer["instruction_id"]
    if ids.null_count:
        raise SelectionError(
            f"{file}: {ids.null_count:,} of {len(ids):,} rows have no instruction_id: "
            "exclude them with WHERE"
        )
    n_repeated = len(ids) - len(set(ids.to_pylist()))
    if n_repeated:
        raise SelectionError(
            f"{file}: {n_repeated:,} of {len(ids):,} rows repeat an instruction_id: "
            "look for a join or a UNION ALL that duplicates rows; a column copies holds a member "
            "several times"
        )
    if len(ids) > definition.budget:
        raise SelectionError(
            f"{file}: the answer has {len(ids):,} rows for a budget of {definition.budget:,}: "
            "end with LIMIT $budget"
        )
    if not len(ids):
        raise SelectionError(
            f"{file}: nothing in {definition.source} is eligible{_hint(definition)}"
        )


def _hint(definition: Definition) -> str:
    """Return what a selector needs, and its least values, which may exclude every member."""
    needs = ", ".join(definition.selector.needs)
    least = {
        name: value for name, value in definition.given.items() if name.startswith("min_") and value
    }
    hint = f"; the selector needs {needs}" if needs else ""
    if least:
        flags = " ".join(f"--set {name}={value}" for name, value in least.items())
        setting = argument("settings", least, flag=flags)
        hint += f"; it ran with {setting}: lower that"
    return hint


def _looked_up(execution: Execution, definition: Definition, ids: Any) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    from catalog.arrow import from_numpy

    session = execution.session
    parameters = source_parameters(definition.selectable)
    ranks = from_numpy(np.arange(1, len(ids) + 1))
    session.register("chosen", pa.table({"instruction_id": ids, "rank": ranks}))
    found = execution.watch.run(
        lambda: session.connection.sql(
            query("selection/chosen"), params=parameters
        ).to_arrow_table()
    )
    n_outside = len(ids) - found["is_member"].to_pylist().count(True)
    if n_outside:
        raise SelectionError(
            f"{definition.selector.file}: {n_outside:,} of {len(ids):,} rows are not members "
            f"of {listed_references(definition.selectable)}"
        )
    return found


def _why(execution: Execution, columns: pa.Table, *, file: str) -> Any:
    """Return the selector's other columns as one JSON object a row."""
    import pyarrow as pa

    if not columns.num_columns:
        return pa.nulls(columns.num_rows, pa.string())
    packed = ", ".join(
        f"{quoted(column.name)} := {_json_value(column)}" for column in columns.schema
    )
    session = execution.session
    session.register("why", columns)
    sql = f"SELECT CAST(to_json(struct_pack({packed})) AS VARCHAR) AS why FROM why"
    try:
        return execution.watch.run(lambda: session.connection.sql(sql).to_arrow_table())["why"]
    except duckdb.NotImplementedException as error:
        raise SelectionError(
            f"{file}: a column cannot be stored as a member's why: "
            f"remove it from the last SELECT ({error})"
        ) from None


def _json_value(column: pa.Field) -> str:
    import pyarrow as pa

    name = quoted(column.name)
    is_fraction = pa.types.is_floating(column.type)
    return f"CASE WHEN isfinite({name}) THEN {name} END" if is_fraction else name  # JSON has no NaN
