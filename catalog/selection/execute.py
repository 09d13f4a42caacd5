"""Running SQL that others wrote: planned, locked down, bounded in memory and time, stopped at once when asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from catalog.errors import QueryError
from catalog.selection.execution import Limits, executing
from catalog.selection.text import SqlText
from catalog.store.folders import Home

if TYPE_CHECKING:
    import pyarrow as pa


def run(
    home: Home, sql: str, *, parameters: Mapping[str, Any] | None = None, name: str = "query", limits: Limits | None = None
) -> pa.Table:
    """Run one SELECT in the catalog's dialect and return its answer.

    Args:
        home: the catalog's folder.
        sql: the text.
        parameters: values of its ``$parameters``; those that it does not use are ignored.
        name: what messages call the text: its file, or ``query``.
        limits: what running it may take.

    Raises:
        QueryError: the text is wrong, and the message has ``file:line:column``; or two columns of the answer share a name.
        ForbiddenQueryError: it asks for more than reading.
        InterruptedQueryError: it needs more memory or time than it may have.
        ReferenceNotFoundError: no such pool or subset.
        SignalError: a signal that it reads is missing or incomplete.
    """
    with executing(home, SqlText.of(sql, name=name), parameters or {}, limits or Limits()) as execution:
        answer = execution.table(execution.planned.query)
        _refuse_same_names(answer.column_names, name=name)
        return answer


@contextmanager
def stream(
    home: Home, sql: str, *, parameters: Mapping[str, Any] | None = None, name: str = "query", limits: Limits | None = None
) -> Iterator[pa.RecordBatchReader]:
    """Run one SELECT as `run` does, and yield its answer batch by batch, never whole in memory.

    The database stays open, for reading, until the block ends; errors of the running query are raised by the reader.
    """
    with executing(home, SqlText.of(sql, name=name), parameters or {}, limits or Limits()) as execution:
        reader = execution.reader()
        _refuse_same_names(reader.schema.names, name=name)
        yield reader


def _refuse_same_names(columns: Sequence[str], *, name: str) -> None:
    """Records, frames and most files hold one column of a name, and would drop the others."""
    for column, n in Counter(columns).items():
        if n > 1:
            raise QueryError(f"{name}: {'two' if n == 2 else n} columns are called {column}: give one an alias with AS")
