from __future__ import annotations

import pyarrow as pa
import pytest

from catalog.query.parse import tree
from catalog.query.passthrough import projection
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.store.store import Store

ROWS = pa.table({"a": [1, 2, 3], "B": ["x", "y", "z"], "c": [[1.0], [2.0], [3.0]]})


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM t",
        "FROM t",
        "SELECT a, b FROM t",
        "SELECT t.a AS x, B FROM t",
        "SELECT f.c AS c FROM t AS f",
        "SELECT * FROM (SELECT b AS a, a AS b FROM t)",
        "SELECT s.b, a FROM (SELECT b AS a, a AS b FROM t AS u) AS s",
    ],
)
def test_a_plain_projection_is_what_duckdb_would_answer(store: Store, sql: str) -> None:
    with session(store) as opened:
        opened.register("t", ROWS)
        direct = projection(tree(opened.connection, SourceText.of(sql)), opened.relations)
        assert direct is not None
        answered = opened.connection.sql(sql).to_arrow_table()
        assert direct.to_pylist() == answered.to_pylist()
        assert direct.column_names == answered.column_names


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a + 1 AS a FROM t",
        "SELECT a FROM t WHERE a > 1",
        "SELECT DISTINCT a FROM t",
        "SELECT a FROM t ORDER BY a DESC",
        "SELECT a FROM t LIMIT 1",
        "SELECT a FROM t USING SAMPLE 2 ROWS",
        "SELECT a FROM t GROUP BY a",
        "SELECT a FROM t QUALIFY row_number() OVER () = 1",
        "SELECT count(*) FROM t",
        "SELECT * EXCLUDE (a) FROM t",
        "SELECT * REPLACE (a + 1 AS a) FROM t",
        "SELECT COLUMNS('a') FROM t",
        "SELECT x FROM t AS f(x, y, z)",
        "SELECT a FROM t, t AS u",
        "SELECT a FROM t UNION ALL SELECT a FROM t",
        "WITH t AS (SELECT 7 AS a) SELECT a FROM t",
        "SELECT a FROM pools",
        "SELECT t FROM t",
        "SELECT nothing FROM t",
        "SELECT u.a FROM t",
        "SELECT a FROM t TABLESAMPLE 10%",
    ],
)
def test_any_other_query_is_duckdbs(store: Store, sql: str) -> None:
    with session(store) as opened:
        opened.register("t", ROWS)
        assert projection(tree(opened.connection, SourceText.of(sql)), opened.relations) is None
