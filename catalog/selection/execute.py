"""Running SQL that others wrote: planned, locked down, bounded in memory and time, stopped at once when asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from catalog.selection.execution import Limits, executing
from catalog.selection.session import SPILL
from catalog.selection.text import SqlText
from catalog.selection.watch import Progress
from catalog.store.database import WAIT
from catalog.store.folders import Home

if TYPE_CHECKING:
    import pyarrow as pa


def run(
    home: Home,
    sql: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    memory: str | None = None,
    spill: str = SPILL,
    seconds: float | None = None,
    wait: float = WAIT,
    progress: Progress | None = None,
    is_memoised: bool = True,
) -> pa.Table:
    """Run one SELECT in the catalog's dialect and return its answer.

    Args:
        home: the catalog's folder.
        sql: the text.
        parameters: values of its ``$parameters``; those that it does not use are ignored.
        name: what messages call the text: its file, or ``query``.
        memory: of DuckDB and of each kernel, such as ``"2GB"``; None leaves DuckDB's own (80 % of the machine) and kernels free.
        spill: how much it may write beside that, into the catalog's scratch folder.
        seconds: the time limit; None means none.
        wait: seconds to wait for a process that writes.
        progress: called about ten times a second with the percentage done.
        is_memoised: whether answers of dear functions (clusters, a projection) are kept, and taken from those kept.

    Raises:
        QueryError: the text is wrong; the message has ``file:line:column``.
        ForbiddenQueryError: it asks for more than reading.
        InterruptedQueryError: it needs more memory or time than it may have.
        ReferenceNotFoundError: no such pool or subset.
        SignalError: a signal that it reads is missing or incomplete.
    """
    limits = Limits(memory, spill, seconds, wait, progress, is_memoised)
    with executing(home, SqlText.of(sql, name=name), parameters or {}, limits) as execution:
        return execution.table(execution.planned.query)


@contextmanager
def stream(
    home: Home,
    sql: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    memory: str | None = None,
    spill: str = SPILL,
    seconds: float | None = None,
    wait: float = WAIT,
    progress: Progress | None = None,
    is_memoised: bool = True,
) -> Iterator[pa.RecordBatchReader]:
    """Run one SELECT as `run` does, and yield its answer batch by batch, never whole in memory.

    The database stays open, for reading, until the block ends; errors of the running query are raised by the reader.
    """
    limits = Limits(memory, spill, seconds, wait, progress, is_memoised)
    with executing(home, SqlText.of(sql, name=name), parameters or {}, limits) as execution:
        yield execution.reader()
