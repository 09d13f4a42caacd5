"""DuckDB's own failures: one line with the next step, and a connection that works again."""

from __future__ import annotations

import duckdb
import pytest

from catalog.errors import EngineError, InterruptedQueryError, QueryError
from catalog.query.errors import query_error, reported
from catalog.query.executor import Limits, executing
from catalog.query.source_text import SourceText
from catalog.query.stream import run
from catalog.store.store import Store
from tests.quick import one_in

TEXT = SourceText.of("SELECT 1", name="mine.sql")
TRACE = """INTERNAL Error: global dictionary column 1 changed identity

Stack Trace:

0   duckdb.so 0x00007f
1   duckdb.so 0x00007e
2   duckdb.so 0x00007d
3   duckdb.so 0x00007c
"""
# DuckDB 2.0.0 fails at it over real pools; 2.0.1 does not.
PAIRS = """
SELECT count(*) AS n
FROM score('tiny', name => 'ifd') AS a
JOIN score('tiny', name => 'depth') AS b ON abs(a.value - b.value) < 0.5
"""


@pytest.mark.parametrize("kind", [duckdb.InternalException, duckdb.FatalException, duckdb.Error])
def test_a_failure_of_duckdb_is_one_line_with_the_next_step(kind: type[duckdb.Error]) -> None:
    with pytest.raises(EngineError) as caught, reported(TEXT):
        raise kind(TRACE)
    message = str(caught.value)
    assert message.startswith("mine.sql: ")
    assert "changed identity" in message
    assert duckdb.__version__ in message
    assert "AS MATERIALIZED" in message
    assert "\n" not in message
    assert "Stack" not in message
    assert "0x" not in message


def test_a_failure_in_a_stream_is_the_same() -> None:
    with pytest.raises(EngineError), reported(TEXT):
        raise OSError(TRACE)


def test_other_errors_stay_what_they_are() -> None:
    assert type(query_error(TEXT, duckdb.BinderException("Binder Error: no"))) is QueryError
    with pytest.raises(InterruptedQueryError), reported(TEXT):
        raise duckdb.OutOfMemoryException("Out of Memory Error: no")


def test_a_session_whose_engine_failed_opens_another_connection(store: Store) -> None:
    with executing(store, TEXT, {}, Limits()) as execution:
        broken = execution.session.connection
        with pytest.raises(EngineError), execution._reported(TEXT):
            raise duckdb.FatalException("FATAL Error: database has been invalidated")
        assert execution.session.connection is not broken
        assert execution.table(TEXT).num_rows == 1


def test_a_join_of_two_scores_by_distance_is_answered(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(
            "INSERT INTO scores SELECT 3, i, i / 10, NULL FROM range(40, 6000) AS t(i)"
        )
    assert run(store, PAIRS)["n"].to_pylist() == [0]


@pytest.mark.parametrize(
    "sql",
    one_in(
        2,
        [
            "SELECT list_transform([1], x -> x + 1)",
            "PIVOT (SELECT range AS a FROM range(100001)) ON a",
            "SELECT DISTINCT * FROM range(3) ORDER BY 'a'",
            "SELECT (SELECT range FROM range(3))",
            f"SELECT {'(' * 1001}1{')' * 1001}",
        ],
    ),
)
def test_a_hint_to_change_a_setting_is_left_out(sql: str) -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error, match="SET ") as caught:
        connection.sql(sql).fetchall()
    message = str(query_error(SourceText.of(sql, name="mine.sql"), caught.value))
    assert "SET " not in message
    assert "mine.sql" in message
    assert len(message) > len("mine.sql:1:1: ") + 20
