"""Answer of a text that was derived from the plan's query, which may not run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.errors import InterruptedQueryError, QueryError
from catalog.query.executor import Execution
from catalog.query.guard import check, table_macros
from catalog.query.parse import tree
from catalog.query.source_text import SourceText

if TYPE_CHECKING:
    import pyarrow as pa


def answer_of(execution: Execution, text: SourceText) -> pa.Table | None:
    """Return the answer of a text; None if it cannot run.

    A column of an outer query, an ambiguous name, or a cast that a condition guarded against are
    such causes.

    Raises:
        InterruptedQueryError: a limit of the run is reached.
    """
    try:
        check(text, tree(execution.session.connection, text), functions=table_macros())
        return execution.table(text)
    except InterruptedQueryError:
        raise
    except QueryError:
        return None
