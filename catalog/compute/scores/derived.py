"""Derived scores: one SQL query over stored signals.

The query reads each input as a table of its name and returns ``instruction_id``, ``value`` and
optionally ``reason``. A member that it does not return has inputs that are not computed yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from catalog.compute.scores.measure import NOT_A_NUMBER
from catalog.compute.shard_writer import Values
from catalog.errors import QueryError
from catalog.messages import listed
from catalog.query.executor import Limits, executing
from catalog.query.source_text import SourceText
from catalog.signals.score_definitions import LABELS, LOSSES, MEMBERS, TEXTS, ScoreDefinition
from catalog.store.queries import query
from catalog.store.references import Reference
from catalog.store.store import Store

COLUMNS = ("instruction_id", "value", "reason")
_PARAMETER = re.compile(r"\$(\w+)")


class Stored(Protocol):
    """Part of a signal that a derived score reads."""

    @property
    def signal_id(self) -> int:
        """Return the number of the signal in the catalog."""

    @property
    def identity_sha256(self) -> str:
        """Return the hash of what the values depend on."""


Inputs = Mapping[str, Stored | None]
"""Signals by the table that the query reads; None if there are no labels."""


def derived_rows(
    store: Store,
    reference: Reference,
    definition: ScoreDefinition,
    inputs: Inputs,
    *,
    is_isolated: bool = False,
) -> pa.Table:
    """Return ``instruction_id``, ``value`` and ``reason`` of the members whose inputs are there.

    A user's score runs behind the guard and the limits of any query of a user.

    Raises:
        QueryError: the SQL is wrong, or it does not return the columns.
    """
    sql = _with_inputs(reference, definition, inputs)
    if definition.is_built_in:
        with store.reading() as connection:
            return _checked(connection.sql(str(sql)).to_arrow_table(), definition)
    if is_isolated:
        from catalog.query import worker

        path = store.path.absolute()
        return _checked(worker.call(run_score, Store(path), sql, limits=Limits()), definition)
    return _checked(run_score(store, sql, limits=Limits()), definition)


def run_score(store: Store, sql: SourceText, *, limits: Limits) -> pa.Table:
    """Run the query of a user's score.

    Raises:
        QueryError: the SQL is wrong, or reads more than its inputs.
    """
    with executing(store, sql, {}, limits) as execution:
        if execution.planned.sources:
            place, source = execution.planned.sources[0]
            raise QueryError(f"{place}: a score reads its inputs only, got {source.reference}")
        return execution.table(execution.planned.query)


def _with_inputs(reference: Reference, definition: ScoreDefinition, inputs: Inputs) -> SourceText:
    tables = [
        f'"{each.table}" AS (\n{_input(reference, each.source, inputs.get(each.table))}\n)'
        for each in definition.inputs
    ]
    text = SourceText.of(definition.text, name=f"{definition.name}.sql")
    end = len(definition.text.rstrip().removesuffix(";"))
    before = f"WITH {', '.join(tables)}\nSELECT * FROM (\n"
    return text.empty() + before + text.cut(0, end) + "\n)"


def _input(reference: Reference, source: str, signal: Stored | None) -> str:
    """Return the SQL of one input, with its parameters written out: they are numbers and kinds."""
    block = f"input_{source}" if source in (LABELS, LOSSES, MEMBERS, TEXTS) else "input_score"
    values: dict[str, Any] = reference.parameters | {
        "signal_id": signal.signal_id if signal else None
    }

    def literal(match: re.Match[str]) -> str:
        value = values[match[1]]
        if value is None:
            return "NULL"
        if isinstance(value, str):
            return f"'{value}'"
        return str(int(value))

    return _PARAMETER.sub(literal, query(f"scores/{block}"))


def _checked(rows: pa.Table, definition: ScoreDefinition) -> pa.Table:
    names = rows.column_names
    if not {"instruction_id", "value"} <= set(names) <= set(COLUMNS):
        raise QueryError(
            f"{definition.name}.sql: expected the columns instruction_id, value and optionally "
            f"reason, got {listed(names)}"
        )
    if "reason" not in names:
        rows = rows.append_column("reason", pa.nulls(rows.num_rows, pa.string()))
    try:
        columns = [
            rows["instruction_id"].cast(pa.int64()),
            rows["value"].cast(pa.float64()),
            rows["reason"].cast(pa.string()),
        ]
    except pa.ArrowInvalid as error:
        raise QueryError(f"{definition.name}.sql: value must be a number: {error}") from None
    if pc.count_distinct(columns[0], mode="all").as_py() < rows.num_rows:
        raise QueryError(f"{definition.name}.sql returns an instruction_id more than once")
    return pa.table(columns, names=list(COLUMNS))


def split_rows(rows: pa.Table) -> Values:
    """Return a query's rows as values and gaps; a value that is not finite needs no reason."""
    is_number = pc.fill_null(pc.is_finite(rows["value"]), False)
    is_unexplained = pc.and_(pc.is_null(rows["reason"]), pc.invert(is_number))
    reasons = pc.if_else(is_unexplained, NOT_A_NUMBER, rows["reason"])
    has_value = pc.is_null(reasons)
    without = pc.invert(has_value)
    ids = rows["instruction_id"].filter(without).to_pylist()
    gaps = list(zip(ids, reasons.filter(without).to_pylist(), strict=True))
    return Values(rows.select(["instruction_id", "value"]).filter(has_value), gaps=gaps)
