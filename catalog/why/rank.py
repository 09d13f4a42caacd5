"""The place that a row has in the order that a budget cuts: of all that are eligible, and within its cluster or cell."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from catalog.errors import CatalogError
from catalog.query.clauses import Cut, groups, with_values
from catalog.query.executor import Execution
from catalog.query.parse import tree

if TYPE_CHECKING:
    import pyarrow as pa

N_GROUPS = 2  # sets of columns that a row's place is given within


@dataclass(frozen=True)
class Place:
    """Where a row stands.

    Attributes:
        place: from 1.
        n_eligible: rows that have a place.
        n_taken: how many the budget takes.
        said: sentences; ``{last}`` stands for the row that ``others`` names so.
        others: instruction ids of those that matter to it.
        columns: of the row and the others, by instruction id.
    """

    place: int
    n_eligible: int
    n_taken: int
    said: tuple[str, ...]
    others: dict[str, int]
    columns: dict[int, dict[str, Any]]


def place_of(execution: Execution, cut: Cut, instruction_id: int, *, budget: int) -> Place | None:
    """Answer a query without its budget and find a row; None where it is not there.

    Args:
        execution: of the plan that the query is of.
        cut: the query without its limit.
        instruction_id: the row's.
        budget: how many were taken.
    """
    rows = _uncut(execution, cut)
    if "instruction_id" not in rows.column_names:
        return None
    ids = rows["instruction_id"].to_numpy()
    at = np.flatnonzero(ids == instruction_id)
    if not len(at):
        return None
    place, n_taken = int(at[0]), min(budget, len(ids))
    behind = place + 1 - n_taken
    said = [
        f"place {place + 1:,} of {len(ids):,} eligible; {n_taken:,} were taken, so it came {behind:,} after the last of them"
    ]
    others = {"last": int(ids[n_taken - 1])}
    if place >= n_taken:
        said += _decided(
            rows,
            cut,
            place,
            n_taken,
            with_values(", ".join(cut.order), execution.planned.parameters),
        )
    else:  # taken by this query, and not among the members
        said = [
            f"place {place + 1:,} of {len(ids):,}, and so taken; what the query does after that leaves it out"
        ]
    of_group = [
        columns
        for columns in groups(tree(execution.session.connection, execution.planned.query))
        if _has(rows, columns)
    ]
    for columns in of_group[:N_GROUPS]:
        who = f"last of its {' and '.join(columns)}"
        sentence, last = _in_group(rows, columns, place, n_taken)
        said.append(sentence.replace("{last}", f"{{{who}}}"))
        others |= {who: int(ids[last])} if last is not None else {}
    wanted = {
        int(ids[i]): i
        for i in [place, *(int(np.flatnonzero(ids == one)[0]) for one in others.values())]
    }
    columns_of = {one: _columns(rows, i) for one, i in wanted.items()}
    return Place(place + 1, len(ids), n_taken, tuple(said), others, columns_of)


def _uncut(execution: Execution, cut: Cut) -> pa.Table:
    """The answer without its limit, with what it is ordered by where that can be had."""
    if cut.with_order is not None:
        try:
            return execution.table(cut.with_order)
        except CatalogError:  # an expression that means something in ORDER BY alone
            pass
    return execution.table(cut.query)


def _decided(rows: pa.Table, cut: Cut, place: int, n_taken: int, order: str) -> list[str]:
    """What the order says of the row against the last one taken."""
    if not cut.order:
        return []
    by = f"the order is {order}"
    for name, is_named in cut.columns:
        if name in rows.column_names:
            own, last = rows[name][place].as_py(), rows[name][n_taken - 1].as_py()
            if own != last:
                own_value = f"its {name} is {_value(own)}" if is_named else f"it has {_value(own)}"
                return [f"{by}: {own_value}; the last one taken, {{last}}, has {_value(last)}"]
    return [
        f"{by}: it is level with the last one taken, {{last}}, and the tie goes by what comes first"
    ]


def _has(rows: pa.Table, columns: tuple[str, ...]) -> bool:
    return set(columns) <= set(rows.column_names)


def _in_group(
    rows: pa.Table, columns: tuple[str, ...], place: int, n_taken: int
) -> tuple[str, int | None]:
    """The row's place among those that share its values of some columns, and who of them was taken last."""
    is_in = np.ones(rows.num_rows, dtype=bool)
    for name in columns:
        value = rows[name][place]
        same = pc.equal(rows[name], value) if value.is_valid else pc.is_null(rows[name])
        is_in &= pc.fill_null(same, False).to_numpy()
    members = np.flatnonzero(is_in)  # in order
    taken = members[members < n_taken]
    named = ", ".join(f"{name} {_value(rows[name][place].as_py())}" for name in columns)
    own = int(np.searchsorted(members, place)) + 1
    if not len(taken):
        return f"in {named}: place {own:,} of {len(members):,}; none of them was taken", None
    of_them = (
        f"{len(taken):,} were taken, the last of them {{last}}"
        if len(taken) > 1
        else "only {last} was taken"
    )
    return f"in {named}: place {own:,} of {len(members):,}; {of_them}", int(taken[-1])


def _columns(rows: pa.Table, place: int) -> dict[str, Any]:
    """What the query says of a row, decimals (a lot is one) as the numbers that JSON has."""
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
    return (
        f"{value:.4g}"
        if isinstance(value, float)
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
