"""Queries in other dialects have the rows that they have in their own engine."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from catalog.errors import QueryError
from catalog.query.meaning.translation import as_duckdb

CASES = Path(__file__).parents[2] / "cases" / "dialects.sql"
TABLES = """
CREATE TABLE t (n INTEGER, s VARCHAR, d DATE, ts TIMESTAMP, v DOUBLE, k INTEGER);
INSERT INTO t VALUES
    (1, 'abc', '2024-01-15', '2024-01-15 10:30:00', 1.5, 10),
    (2, 'Bcd x', '2024-01-31', '2024-01-31 23:59:59', 2.0, 20),
    (3, 'cab', '2024-02-29', '2024-02-29 00:00:00', -0.5, NULL),
    (4, 'ABC', '2024-03-01', '2024-03-01 12:00:00', NULL, 10),
    (7, '', '2023-12-31', '2023-12-31 07:08:09', 7.25, 20);
CREATE TABLE u (k INTEGER, name VARCHAR);
INSERT INTO u VALUES (10, 'ten'), (20, 'twenty'), (30, 'thirty');
"""


def cases() -> Iterator[tuple[str, str, str, str]]:
    """Yield title, dialect, the query in it, and DuckDB's query with the same rows."""
    for block in CASES.read_text(encoding="utf-8").split("-- title: ")[1:]:
        title, body = block.split("\n", 1)
        dialect, texts = body.removeprefix("-- dialect: ").split("\n", 1)
        text, theirs = texts.split("\n-- duckdb\n")
        yield title, dialect, text, theirs.strip()


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(TABLES)
        yield connection


def plain(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return rows with every number as one type, and midnight as its day."""
    return [tuple(map(_plain, row)) for row in rows]


def _plain(value: Any) -> Any:
    if isinstance(value, decimal.Decimal | int):
        return float(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date()
    return value


@pytest.mark.parametrize(
    ("dialect", "text", "theirs"),
    [
        pytest.param(*case, id=f"{case[0]}: {title}", marks=[pytest.mark.slow] * (number % 2))
        for number, (title, *case) in enumerate(cases())
    ],
)
def test_a_query_has_the_rows_of_its_dialect(
    tables: duckdb.DuckDBPyConnection, dialect: str, text: str, theirs: str
) -> None:
    translated = as_duckdb(text, dialect)
    answer, expected = tables.sql(translated), tables.sql(theirs)
    assert answer.columns == expected.columns
    assert plain(answer.fetchall()) == plain(expected.fetchall()), translated


@pytest.mark.parametrize(
    ("dialect", "text", "place"),
    [
        ("clickhouse", "SELECT n,\n  toYear(d) FROM t", "2:3"),
        ("clickhouse", "SELECT sumIf(n, k = 10) FROM t", "1:14"),
        ("clickhouse", "SELECT k, n FROM t ORDER BY n\nLIMIT 1 BY k", "2:7"),
        ("sqlite", "SELECT n FROM t\nWHERE date(d, '+1 day') > n", "2:7"),
        ("clickhouse", "SELECT u.k FROM u\nLEFT JOIN t ON u.k = t.k", "2:11"),
        ("snowflake", "SELECT n FROM t\nWHERE TO_CHAR(d, 'YYYY') = '2024'", "2:7"),
        ("snowflake", "WITH a AS (\n  SELECT no_such(n) AS x FROM t)\nSELECT x FROM a", "2:10"),
    ],
)
def test_what_duckdb_has_not_is_an_error_with_its_place(
    dialect: str, text: str, place: str
) -> None:
    with pytest.raises(QueryError) as raised:
        as_duckdb(text, dialect, name="mine.sql")
    assert str(raised.value.location) == f"mine.sql:{place}"


def test_there_are_cases_of_every_dialect_of_the_help() -> None:
    found = [dialect for _, dialect, _, _ in cases()]
    assert len(found) >= 40
    assert {"postgres", "spark", "bigquery", "snowflake", "trino", "clickhouse", "sqlite"} == {
        *found
    }


def test_an_error_of_a_translated_query_shows_the_translation(catalog: Catalog) -> None:
    words = ["--home", str(catalog.store.path), "sql", "--dialect", "mysql", "SELECT `no` FROM x"]
    answer = CliRunner().invoke(main, words)
    assert answer.exit_code == 1
    assert 'SELECT "no" FROM x' in answer.stderr
