"""SQL condition on the members of a pool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from catalog.compute.similarity import Ids
from catalog.query.expression import bracketed, inserts
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

    condition = bracketed(where, option="--where")
    sql = f"SELECT instruction_id FROM pool('{reference}') WHERE {condition}"
    asked: dict[str, Any] = {"name": "--where", "limits": limits or Limits()}
    asked |= {"inserts": inserts(sql, condition, option="--where")}
    if is_isolated:
        rows = worker.call(run, store.absolute(), sql, **asked)
    else:
        rows = run(store, sql, **asked)
    return np.sort(rows["instruction_id"].to_numpy())
