"""Checks of a selection before it runs: of what it selects from, and of its answer's columns."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.errors import SelectionError
from catalog.query.plan import Plan
from catalog.store.database import Connection
from catalog.store.queries import query
from catalog.store.references import Reference, count_distinct

INTEGERS = {f"{sign}{size}" for sign in ("", "U") for size in ("TINYINT", "SMALLINT", "INTEGER")}
INTEGERS |= {"BIGINT", "UBIGINT"}
EVAL = "eval"  # purpose of a pool that nothing is selected from


def n_selectable(connection: Connection, references: Sequence[Reference]) -> int:
    """Return how many members pools and subsets have.

    Raises:
        SelectionError: nothing may be selected from one of them.
    """
    counts = [require_selectable(connection, each) for each in references]
    if len(references) == 1:
        return counts[0]
    return count_distinct(connection, references)


def require_selectable(connection: Connection, reference: Reference) -> int:
    """Return how many members a pool or subset has.

    Raises:
        SelectionError: nothing may be selected from it.
    """
    n_members, is_prompts_only, purpose = connection.sql(
        query("selection/pool_of"), params=reference.parameters
    ).fetchall()[0]
    if is_prompts_only:
        raise SelectionError(
            f"{reference} has prompts and no responses: nothing in it can be trained on"
        )
    if purpose == EVAL:
        raise SelectionError(
            f"{reference} is registered for evaluation, and no training data is selected from it",
            next_step="select from another pool; a selector with a parameter of type reference "
            f"takes it as its target, such as --set target={reference.name}",
        )
    return int(n_members)


def check_columns(planned: Plan, *, file: str) -> None:
    """Refuse an answer without one integer instruction_id, if its columns are known."""
    if planned.answer is None:
        return
    types = [type_ for name, type_ in planned.answer if name == "instruction_id"]
    if not types:
        names = ", ".join(name for name, _ in planned.answer)
        raise SelectionError(f"{file}: the last SELECT has no instruction_id; it has {names}")
    if len(types) > 1:
        raise SelectionError(
            f"{file}: the last SELECT has instruction_id more than once: name it once"
        )
    if types[0] not in INTEGERS:
        raise SelectionError(
            f"{file}: instruction_id has the type {types[0]} in the last SELECT: "
            "return it as the pool has it"
        )
