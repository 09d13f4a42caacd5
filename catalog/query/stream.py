"""Running other people's SQL: planned, locked down, and limited in memory and time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from catalog.query.executor import Limits, executing
from catalog.query.source_text import Insert, SourceText
from catalog.store.store import Store

if TYPE_CHECKING:
    import pyarrow as pa


def run(
    store: Store,
    sql: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    inserts: tuple[Insert, ...] = (),
    limits: Limits | None = None,
) -> pa.Table:
    """Run one SELECT in the catalog's dialect and return its answer.

    Equal column names are numbered, as `deduplicate_column_names` does.

    Args:
        store: the catalog's files and database.
        sql: the text.
        parameters: values of its ``$parameters``; those that it does not use are ignored.
        name: the name of the text in messages: its file, or ``query``.
        inserts: parts of the text that an option holds.
        limits: the memory and time that it may take.

    Raises:
        QueryError: the text is wrong; the message has ``file:line:column``.
        ForbiddenQueryError: it asks for more than reading.
        InterruptedQueryError: it needs more memory or time than it may have.
        ReferenceNotFoundError: no such pool or subset.
        SignalError: a signal that it reads is missing or incomplete.
    """
    text = SourceText.of(sql, name=name, inserts=inserts)
    with executing(store, text, parameters or {}, limits or Limits()) as execution:
        answer = execution.table(execution.planned.query)
        return answer.rename_columns(deduplicate_column_names(answer.column_names))


@contextmanager
def stream(
    store: Store,
    sql: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    limits: Limits | None = None,
) -> Iterator[pa.RecordBatchReader]:
    """Run one SELECT as `run` does, and yield its answer batch by batch, never whole in memory.

    The database stays open, for reading, until the block ends; errors of the running query are
    raised by the reader.
    """
    import pyarrow as pa

    with executing(
        store, SourceText.of(sql, name=name), parameters or {}, limits or Limits()
    ) as execution:
        reader = execution.reader()
        names = deduplicate_column_names(reader.schema.names)
        if names == reader.schema.names:
            yield reader
            return
        schema = pa.schema(
            [field.with_name(name) for field, name in zip(reader.schema, names, strict=True)]
        )
        yield pa.RecordBatchReader.from_batches(
            schema, (batch.rename_columns(names) for batch in reader)
        )


def first_rows(
    store: Store,
    sql: str,
    n: int,
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str = "query",
    limits: Limits | None = None,
) -> tuple[list[str], list[dict[str, object]]]:
    """Run one SELECT as `run` does; return the names of its columns and its first n rows."""
    text = SourceText.of(sql, name=name)
    with executing(store, text, parameters or {}, limits or Limits()) as execution:
        columns, rows = execution.first_rows(n)
    names = deduplicate_column_names(columns)
    return names, [dict(zip(names, row, strict=True)) for row in rows]


def deduplicate_column_names(names: Sequence[str]) -> list[str]:
    """Return column names with equal ones numbered, as DuckDB does in a subquery.

    Records, frames and files hold one column of a name.

    >>> deduplicate_column_names(["id", "value", "value", "value_1"])
    ['id', 'value', 'value_1', 'value_1_1']
    """
    found: list[str] = []
    for name in names:
        number, unique = 0, name
        while unique in found:
            number += 1
            unique = f"{name}_{number}"
        found.append(unique)
    return found
