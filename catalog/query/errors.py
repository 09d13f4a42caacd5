"""DuckDB's errors as ours: one line with the location in the user's text and the next step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import duckdb

from catalog.errors import (
    CatalogError,
    EngineError,
    ForbiddenQueryError,
    InterruptedQueryError,
    QueryError,
)
from catalog.query.parse import located
from catalog.query.source_text import SourceText
from catalog.store.database import Connection

INTERNAL = re.compile(r'"?\b__fn_*\d+\b"?')


BROKEN = (duckdb.InternalException, duckdb.FatalException)  # the connection is of no use afterwards
NAMES = re.compile(r"Referenced (?:column|table) |does not have a column named|does not exist")
SETTING = re.compile(  # a hint to change a setting of DuckDB, which a user of a catalog cannot
    r"(?:,? or | ?\bUse |\n\* )\"?SET \w+ ?(?:=|TO\b)[^\n]*?(?:\.(?=\s|$)|(?=\n|$))"
)
BREAKS = re.compile(r"(?:INTERNAL|FATAL) Error", re.IGNORECASE)


@contextmanager
def reported(text: SourceText, *, memory: str | None = None) -> Iterator[None]:
    """Turn what DuckDB raises inside the block into our errors.

    Args:
        text: what it runs.
        memory: the memory limit, for the message.

    Raises:
        QueryError: the text is wrong.
        ForbiddenQueryError: it asks for what is locked.
        InterruptedQueryError: it ran out of memory, or was stopped from elsewhere.
        EngineError: DuckDB itself failed.
    """
    try:
        yield
    except duckdb.InterruptException:
        raise InterruptedQueryError(f"{text.name}: stopped") from None
    except duckdb.OutOfMemoryException as error:
        raise _out_of_memory(text, memory, str(error)) from None
    except duckdb.Error as error:
        raise query_error(text, error) from None
    except OSError as error:  # a batch of a stream that failed, as Arrow tells it
        if "Error: " not in str(error):
            raise
        raise _of_stream(text, str(error), memory=memory) from None


def bound(connection: Connection, text: SourceText, values: Mapping[str, Any]) -> Any:
    """Return a text as DuckDB's relation: bound to the tables, not yet run.

    Raises:
        CatalogError: it does not bind; the message has ``file:line:column``.
    """
    try:
        return connection.sql(str(text), params=dict(values))
    except (duckdb.BinderException, duckdb.CatalogException) as error:
        # A relation's error has no place in it; the same text under EXPLAIN, which runs nothing,
        # has one.
        explained = text.empty() + "EXPLAIN\n" + text
        try:
            connection.execute(str(explained), dict(values)).fetchall()
        except duckdb.Error as pointed:
            raise query_error(explained, pointed) from None
        raise query_error(text, error) from None


def is_of_names(error: QueryError) -> bool:
    """Return whether an error is about a name that nothing has, whatever the types."""
    return NAMES.search(str(error)) is not None


def query_error(text: SourceText, error: duckdb.Error) -> CatalogError:
    """Return one of DuckDB's errors about a text as ours."""
    if isinstance(error, BROKEN) or BREAKS.match(str(error)):
        return _engine_error(text, str(error))
    message, offset = located(text, SETTING.sub("", str(error)))
    message = INTERNAL.sub("(a table function's answer)", message).replace("Values list ", "")
    where = text.location(offset) if offset is not None else text.name
    if isinstance(error, duckdb.PermissionException) or "has been locked" in message:
        return ForbiddenQueryError(f"{where}: {message}")
    return QueryError(f"{where}: {message}")


def _engine_error(text: SourceText, message: str) -> EngineError:
    first = next(line for line in message.splitlines() if line.strip())
    cause = re.sub(
        r"^(?:TransactionContext Error: )?(?:INTERNAL|FATAL) Error: ",
        "",
        first,
        flags=re.IGNORECASE,
    )
    return EngineError(
        f"{text.name}: DuckDB {duckdb.__version__} failed at this query, which is a defect of "
        f"DuckDB: {cause.strip()}; write the query another way, "
        "such as a join's sides as WITH ... AS MATERIALIZED"
    )


def _of_stream(text: SourceText, message: str, *, memory: str | None) -> CatalogError:
    if message.startswith("Out of Memory"):
        return _out_of_memory(text, memory, message)
    return query_error(text, duckdb.Error(message))


def _out_of_memory(text: SourceText, memory: str | None, message: str) -> InterruptedQueryError:
    what = "disk to spill to" if "max_temp_directory_size" in message else "memory"
    limit = f" than its limit of {memory}" if memory and what == "memory" else " than there is"
    return InterruptedQueryError(
        f"{text.name}: stopped, since it needs more {what}{limit}: "
        "ask for less, or give it more with --memory"
    )
