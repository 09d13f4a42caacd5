"""Rank a row in the order that a budget cuts: among all eligible rows, and in its group."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from catalog.query.clauses import Cut, groups, with_values
from catalog.query.executor import Execution
from catalog.query.parse import tree
from catalog.why.answers import answer_of

if TYPE_CHECKING:
    import pyarrow as pa

N_GROUPS = 2  # sets of columns that a row's place is given within


@dataclass(frozen=True)
class Place:
    """Place of a row in the order.

    Attributes:
        place: from 1.
        n_eligible: rows that have a place.
        n_taken: how many the budget selects.
        sentences: the explanation; ``{last}`` stands for the row that ``others`` names so.
        others: instruction ids of other rows that matter, by their role.
        columns: of the row and the others, by instruction id.
    """

    place: int
    n_eligible: int
    n_taken: int
    sentences: tuple[str, ...]
    others: dict[str, int]
    columns: dict[int, dict[str, Any]]


def place_of(execution: Execution, cut: Cut, instruction_id: int, *, budget: int) -> Place | None:
    """Answer a query without its budget and find a row; None if it is not there.

    Args:
        execution: of the plan that the query is of.
        cut: the query without its limit.
        instruction_id: the row's.
        budget: how many rows were selected.
    """
    rows = _uncut(execution, cut)
    if "instruction_id" not in rows.column_names:
        return None
    ids = rows["instruction_id"].to_numpy()
    places = np.flatnonzero(ids == instruction_id)
    if not len(places):
        return None
    place, n_taken = int(places[0]), min(budget, len(ids))
    others = {"last": int(ids[n_taken - 1])}
    if place < n_taken:
        sentences = [
            f"place {place + 1:,} of {len(ids):,}: this query selects it, and a later step of the "
            "selector removes it"
        ]
    else:
        behind = place + 1 - n_taken
        order = with_values(", ".join(cut.order), execution.planned.parameters)
        sentences = [
            f"place {place + 1:,} of {len(ids):,} eligible; {n_taken:,} were selected, "
            f"{behind:,} places before it",
            *_decided(rows, cut, place, n_taken, order),
        ]
    of_group = [
        columns
        for columns in groups(tree(execution.session.connection, execution.planned.query))
        if _has(rows, columns)
    ]
    for columns in of_group[:N_GROUPS]:
        role = f"last of its {' and '.join(columns)}"
        sentence, last = _in_group(rows, columns, place, n_taken)
        sentences.append(sentence.replace("{last}", f"{{{role}}}"))
        if last is not None:
            others[role] = int(ids[last])
    wanted = [instruction_id, *others.values()]
    columns_of = {each: _columns(rows, int(np.flatnonzero(ids == each)[0])) for each in wanted}
    return Place(place + 1, len(ids), n_taken, tuple(sentences), others, columns_of)


def _uncut(execution: Execution, cut: Cut) -> pa.Table:
    """Return the answer without its limit, with the values it is ordered by if they can be read."""
    # Some expressions are valid in ORDER BY only.
    rows = None if cut.with_order is None else answer_of(execution, cut.with_order)
    return execution.table(cut.query) if rows is None else rows


def _decided(rows: pa.Table, cut: Cut, place: int, n_taken: int, order: str) -> list[str]:
    """Return a sentence that compares the row with the last selected one by the order."""
    if not cut.order:
        return []
    by = f"ordered by {order}"
    for name, is_named in cut.columns:
        if name in rows.column_names:
            value, last = rows[name][place].as_py(), rows[name][n_taken - 1].as_py()
            if value != last:
                label = f"{name} " if is_named else ""
                return [
                    f"{by}: this row has {label}{_value(value)}; "
                    f"the last selected row, {{last}}, has {_value(last)}"
                ]
    return [f"{by}: it ties with the last selected row, {{last}}, which comes first"]


def _has(rows: pa.Table, columns: tuple[str, ...]) -> bool:
    return set(columns) <= set(rows.column_names)


def _in_group(
    rows: pa.Table, columns: tuple[str, ...], place: int, n_taken: int
) -> tuple[str, int | None]:
    """Return a sentence on the row's place in its group, and the group's last selected row."""
    is_in = np.ones(rows.num_rows, dtype=bool)
    for name in columns:
        value = rows[name][place]
        if value.is_valid:
            same = pc.equal(rows[name], value)
        else:
            same = pc.is_null(rows[name])
        is_in &= pc.fill_null(same, False).to_numpy()
    members = np.flatnonzero(is_in)  # in order
    taken = members[members < n_taken]
    named = ", ".join(f"{name} {_value(rows[name][place].as_py())}" for name in columns)
    place_in_group = int(np.searchsorted(members, place)) + 1
    beginning = f"in {named}: place {place_in_group:,} of {len(members):,}"
    if not len(taken):
        return f"{beginning}; none was selected", None
    if len(taken) == 1:
        return f"{beginning}; only {{last}} was selected", int(taken[-1])
    return f"{beginning}; {len(taken):,} were selected, the last is {{last}}", int(taken[-1])


def _columns(rows: pa.Table, place: int) -> dict[str, Any]:
    """Return the query's columns of a row, with decimals as the numbers that JSON has."""
    found = rows.slice(place, 1).to_pylist()[0]
    decimals = {
        name: int(value) if value == int(value) else float(value)
        for name, value in found.items()
        if isinstance(value, Decimal)
    }
    return {
        name: decimals.get(name, found[name])
        for name in found
        if name not in ("instruction_id", "fingerprint")
    }


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
