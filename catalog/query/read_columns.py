"""The columns that a query with a star reads of sources which are read into memory.

Without a star the names in a text say it, at no cost. A star can mean any column, and what becomes
of it only DuckDB knows: it is asked over empty stubs, which takes a few milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb

from catalog.errors import CatalogError
from catalog.query.plan import Load, Plan
from catalog.query.stubs import Stubs

if TYPE_CHECKING:
    from catalog.store.database import Connection


def with_read_columns(connection: Connection, planned: Plan, given: Mapping[str, Any]) -> Plan:
    """Return a plan whose sources read only what the query uses.

    The plan stays as it is where its texts do not bind over stubs: the run says why.

    Args:
        connection: the one of the run.
        planned: the plan of a query.
        given: values of ``$parameters``.
    """
    if not planned.has_star_loads:
        return planned
    stubs = Stubs(connection, given)
    try:
        for step in planned.steps:
            if isinstance(step, Load):
                stubs.add(step.table, step.resolved.columns or {})
            else:
                columns = [stubs.columns(query) for query in step.relations.values()]
                stubs.add(step.table, step.kernel.answer_columns(columns))
        found = stubs.reads(planned.texts)
    except (CatalogError, duckdb.Error):
        return planned
    finally:
        stubs.drop()
    planned.steps = [step.reading(found) for step in planned.steps]
    return planned
