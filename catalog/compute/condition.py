"""SQL condition on the members of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from catalog.compute.similarity import Ids
from catalog.errors import QueryError
from catalog.query.tokens import Tokens
from catalog.store.store import Store

if TYPE_CHECKING:
    from catalog.query.executor import Limits


def satisfying_members(
    store: Store,
    reference: str,
    where: str,
    *,
    limits: Limits | None = None,
    is_isolated: bool = False,
) -> Ids:
    """Return the sorted ids of the members that satisfy a condition.

    Raises:
        QueryError: the condition is wrong, or does more than read.
    """
    from catalog.query import worker
    from catalog.query.executor import Limits
    from catalog.query.stream import run

    # The condition ends with a line, and so does a comment in it.
    sql = f"SELECT instruction_id FROM pool('{reference}') WHERE (\n{where}\n)"
    _require_one_condition(sql, where)
    limits = limits or Limits()
    if is_isolated:
        rows = worker.call(run, store.absolute(), sql, name="--where", limits=limits)
    else:
        rows = run(store, sql, name="--where", limits=limits)
    return np.sort(rows["instruction_id"].to_numpy())


def _require_one_condition(sql: str, where: str) -> None:
    """Refuse a text that ends the brackets around it, such as ``true) UNION (SELECT 1``."""
    layout = Tokens(sql)
    opening = layout.index_at(sql.index("(\n"))
    if layout.partner.get(opening) != len(layout) - 1:
        raise QueryError(f"--where: expected one condition with matching brackets, got {where!r}")
