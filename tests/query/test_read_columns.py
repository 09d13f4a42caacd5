"""A query reads of a source only the columns that it uses, a star anywhere included."""

from __future__ import annotations

import pytest

from catalog.errors import QueryError
from catalog.query.executor import Limits, executing
from catalog.query.plan import Load
from catalog.query.planner import plan
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.stream import run
from catalog.store.store import Store
from tests.quick import one_in


def loads(store: Store, sql: str) -> list[frozenset[str] | None]:
    """Return the columns that each source reads; None if a star can mean any."""
    with session(store) as opened:
        planned = plan(opened.connection, SourceText.of(sql), {})
        kinds = [step for step in planned.steps if isinstance(step, Load)]
        return [step.columns if step.columns is not None else planned.columns for step in kinds]


@pytest.mark.parametrize(
    ("sql", "is_read"),
    one_in(
        2,
        [
            ("SELECT count(*) FROM (SELECT * FROM embeddings('tiny'))", False),
            ("WITH e AS (FROM embeddings('tiny')) SELECT max(instruction_id) FROM e", False),
            ("SELECT * EXCLUDE (vector) FROM embeddings('tiny')", False),
            ("SELECT * FROM embeddings('tiny')", True),
            ("SELECT e FROM embeddings('tiny') AS e", True),
            ("SELECT vector[1] FROM (SELECT * FROM embeddings('tiny')) AS e", True),
            ("SELECT cluster FROM kmeans(embeddings('tiny'), k => 2)", True),
            (
                "SELECT * FROM pool('tiny') SEMI JOIN embeddings('tiny') USING (instruction_id)",
                False,
            ),
        ],
    ),
)
def test_vectors_are_read_only_where_they_are_used(store: Store, sql: str, is_read: bool) -> None:
    (columns,) = loads(store, sql)
    assert columns is not None
    assert ("vector" in columns) is is_read


def test_the_answer_is_that_of_all_columns(store: Store) -> None:
    narrow = run(store, "SELECT count(*) AS n FROM (SELECT * FROM trajectories('tiny', "
                 "proxy => 'tiny', incomplete => 'drop'))")  # fmt: skip
    wide = run(store, "SELECT count(losses) AS n FROM trajectories('tiny', proxy => 'tiny', "
               "incomplete => 'drop')")  # fmt: skip
    assert narrow.to_pylist() == wide.to_pylist() == [{"n": 34}]


def test_a_query_that_does_not_bind_is_reported_by_its_run(store: Store) -> None:
    sql = "SELECT *, nothing FROM embeddings('tiny')"
    with pytest.raises(QueryError) as raised:
        run(store, sql)
    assert str(raised.value).startswith("query:1:11")


def test_nothing_of_the_question_is_left_in_the_session(store: Store) -> None:
    text = SourceText.of("SELECT count(*) AS n FROM (SELECT * FROM embeddings('tiny'))")
    with executing(store, text, {}, Limits()) as execution:
        views = execution.session.connection.sql(
            "SELECT view_name FROM duckdb_views() WHERE view_name LIKE '% rows'"
        ).fetchall()
        assert views == []
        assert execution.table(execution.planned.query).to_pylist() == [{"n": 35}]


def test_an_empty_relation_has_its_columns(store: Store) -> None:
    empty = "(SELECT fingerprint, vector FROM embeddings('tiny') WHERE false)"
    assert run(store, f"SELECT * FROM k_center({empty}, budget => 2)").num_rows == 0
    assert run(store, f"SELECT count(vector) AS n FROM {empty}").to_pylist() == [{"n": 0}]
