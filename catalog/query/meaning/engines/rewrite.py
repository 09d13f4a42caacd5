"""A selection of stored columns as one query of another engine, with the same members in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from sqlglot import ErrorLevel, exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.annotate_types import annotate_types
from sqlglot.optimizer.qualify import qualify

from catalog.errors import OptionError, QueryError
from catalog.notebook import NotebookResult
from catalog.query.meaning.agreement import understood
from catalog.query.meaning.engines.portable import SCALARS, complaints
from catalog.query.meaning.engines.random_keys import RANDOM_KEYS, fold_seed, written
from catalog.query.meaning.engines.stored_tables import StoredTable, with_stored_tables
from catalog.query.outline import Outline
from catalog.query.plan import Load, Plan
from catalog.query.source_text import SourceText

if TYPE_CHECKING:
    from catalog.store.database import Connection

ENGINES = ("bigquery", "clickhouse", "postgres", "snowflake", "spark", "sqlite", "trino")
"""The dialects that a selection can be written in."""

HERE = "select here with `catalog select` and export the subset"


@dataclass(frozen=True)
class EngineQuery(NotebookResult):
    """A selection as a query of another engine.

    Attributes:
        dialect: the SQL that it is written in.
        sql: the query; its rows are the members in rank order. Its ``instruction_id`` is the
            fingerprint, since the catalog's numbers never leave it.
        tables: the tables that it reads, each with the command that writes it as a Parquet file.
    """

    dialect: str
    sql: str
    tables: tuple[StoredTable, ...]

    def text(self) -> str:
        """Return the query below comments that say where its tables come from."""
        lines = [f"-- {table.name}: {table.command}" for table in self.tables]
        head = "-- instruction_id is the fingerprint. Tables, each from a Parquet file:"
        return "\n".join([head, *lines, self.sql])


def rewritten(connection: Connection, planned: Plan, dialect: str) -> EngineQuery:
    """Write a selection for another engine.

    Args:
        connection: any DuckDB connection; it parses, and computes constants.
        planned: the plan of a selection.
        dialect: one of `ENGINES`.

    Raises:
        OptionError: there is no such dialect.
        QueryError: the selection computes, or uses what another engine may read differently; the
            message has ``file:line:column``.
        SignalError: a score that it reads is missing.
    """
    if dialect not in ENGINES:
        raise OptionError(f"unknown dialect {dialect!r}: choose from {', '.join(ENGINES)}")
    outline = planned.outline
    assert outline is not None  # a selection has one
    _require_stored(planned, dialect)
    tree = _qualified(connection, outline, planned.parameters, dialect)
    for call in tree.find_all(exp.Anonymous):
        if call.name.lower() in RANDOM_KEYS and not fold_seed(connection, call):
            _refuse(outline.query, call, f"not portable to {dialect}: its seed is no constant")
    for node, reason in complaints(tree):
        _refuse(outline.query, node, f"not portable to {dialect}: {reason}")
    _require_scalars(tree, outline, dialect)
    for call in list(tree.find_all(exp.Anonymous)):
        is_key = call.name.lower() in RANDOM_KEYS
        call.replace(written(call) if is_key else call.expressions[0])
    tables = with_stored_tables(tree, outline)
    return EngineQuery(dialect, _printed(tree, outline.query, dialect), tables)


def _require_stored(planned: Plan, dialect: str) -> None:
    kernels = planned.kernels
    loads = [step for step in planned.steps if isinstance(step, Load)]
    if kernels:
        names = ", ".join(dict.fromkeys(f"{step.name}(...)" for step in kernels))
        problem = f"{names} computes in the catalog, and {dialect} has no such function"
        raise QueryError(problem, location=kernels[0].location, next_step=HERE)
    for location, resolved in planned.sources:
        if resolved.fault is not None:
            raise resolved.fault.at(location)
    if loads:
        name = loads[0].call.partition("(")[0]
        problem = f"{name}(...) reads lists, which no export to {dialect} has"
        raise QueryError(problem, location=loads[0].location, next_step=HERE)


def _qualified(
    connection: Connection, outline: Outline, parameters: Any, dialect: str
) -> exp.Query:
    """Return the query with its values put in, its stars expanded and its types known."""
    if understood(connection, str(outline.query)) is None:
        raise QueryError(
            f"{outline.query.name}: cannot be written as {dialect}: "
            "sqlglot does not read this text as DuckDB does",
            next_step=HERE,
        )
    schema = {
        name: {column: _type(type_) for column, type_ in columns.items()}
        for name, columns in outline.columns.items()
    }
    try:
        tree = parse_one(str(outline.query), dialect="duckdb")
        for node in list(tree.find_all(exp.Placeholder, exp.Parameter)):
            node.replace(_constant(parameters[node.name]))
        tree = qualify(tree, schema=schema, dialect="duckdb", quote_identifiers=False)
        typed: exp.Query = annotate_types(tree, schema=schema, dialect="duckdb")
    except (SqlglotError, KeyError) as error:
        message = re.sub(r"\x1b\[\d*m", "", str(error)).splitlines()[0]
        raise QueryError(
            f"{outline.query.name}: cannot be written as {dialect}: {message}", next_step=HERE
        ) from None
    return typed


def _type(type_: str) -> str:
    return type_ if re.fullmatch(r"[A-Z ]+", type_) else "VARCHAR"


def _constant(value: Any) -> exp.Expression:
    if isinstance(value, float):
        return exp.cast(exp.Literal.number(repr(value)), "double")
    return exp.convert(value)


def _require_scalars(tree: exp.Query, outline: Outline, dialect: str) -> None:
    types = {
        column.lower(): type_
        for columns in outline.columns.values()
        for column, type_ in columns.items()
    }
    for column in tree.find_all(exp.Column):
        type_ = types.get(column.name, "VARCHAR")
        if type_ not in SCALARS:
            _refuse(
                outline.query,
                column,
                f"not portable to {dialect}: {column.name} has the type {type_}",
            )


def _printed(tree: exp.Query, text: SourceText, dialect: str) -> str:
    try:
        return str(
            tree.sql(
                dialect,
                identify=True,
                pretty=True,
                comments=False,
                unsupported_level=ErrorLevel.RAISE,
            )
        )
    except SqlglotError as error:
        raise QueryError(
            f"{text.name}: cannot be written as {dialect}: {str(error).splitlines()[0]}",
            next_step=HERE,
        ) from None


def _refuse(text: SourceText, node: exp.Expression, problem: str) -> NoReturn:
    parts = [part for part in node.walk() if part.arg_key != "table"]  # which `qualify` adds
    starts = [part.meta["start"] for part in parts if "start" in part.meta]
    location = text.location(min(starts)) if starts else text.name
    raise QueryError(problem, location=location, next_step=HERE)
