"""Queries in other dialects."""

from __future__ import annotations

import duckdb
import pytest

from catalog.errors import OptionError, QueryError
from catalog.query.meaning.translation import as_duckdb, dialects
from tests.quick import one_in


@pytest.mark.parametrize(
    ("dialect", "text", "answer"),
    one_in(
        2,
        [
            ("tsql", "SELECT TOP 2 [n] FROM t ORDER BY n", [(1,), (2,)]),
            ("postgres", "SELECT n FROM t WHERE s ~ '^b' ORDER BY n", [(2,)]),
            ("mysql", "SELECT `n` FROM t WHERE s RLIKE '^b' ORDER BY n", [(2,)]),
            ("spark", "SELECT size(array(n, n)) AS k FROM t LIMIT 1", [(2,)]),
            ("bigquery", "SELECT n FROM t WHERE STARTS_WITH(s, 'c')", [(3,)]),
        ],
    ),
)
def test_a_query_of_another_dialect_has_the_answer_that_it_has_there(
    dialect: str, text: str, answer: list[tuple[int]]
) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) v(n, s)"
        )
        assert connection.sql(as_duckdb(text, dialect)).fetchall() == answer


def test_the_catalogs_own_functions_keep_their_names() -> None:
    text = (
        "SELECT uniform_hash(fingerprint, 1) FROM kmeans((SELECT * FROM trajectories('p')), k => 3)"
    )
    assert as_duckdb(text, "postgres") == text


def test_a_dialect_that_is_not_known_is_refused() -> None:
    with pytest.raises(OptionError, match="postgres"):
        as_duckdb("SELECT 1", "klingon")
    assert "duckdb" not in dialects()


@pytest.mark.parametrize("text", ["SELECT FROM WHERE", "DELETE FROM t", "SELECT 1; SELECT 2", ""])
def test_statements_other_than_one_query_are_refused_by_name(text: str) -> None:
    with pytest.raises(QueryError, match=r"^mine"):
        as_duckdb(text, "postgres", name="mine")


def test_a_syntax_error_has_its_line_and_column() -> None:
    with pytest.raises(QueryError, match=r"^query:2:\d+:"):
        as_duckdb("SELECT a\nFROM WHERE", "postgres")
