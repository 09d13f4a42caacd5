"""Every form of a SELECT that DuckDB takes."""

import pytest

from catalog.query.stream import run
from catalog.store.store import Store


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1;",
        "(SELECT 1)",
        "VALUES (1)",
        "FROM range(1)",
        "SHOW TABLES",
        "DESCRIBE pools",
        "SUMMARIZE pools",
        "TABLE pools",
        "SELECT DISTINCT ON (source) source, prompt FROM pool('tiny') ORDER BY source, row_number",
        "SELECT source, count(*) FROM pool('tiny') GROUP BY ALL HAVING count(*) > 1 ORDER BY ALL",
        (
            "SELECT source, row_number, grouping(source) FROM pool('tiny') GROUP BY GROUPING "
            "SETS ((source), (source, row_number))"
        ),
        "SELECT source FROM pool('tiny') GROUP BY CUBE (source)",
        (
            "SELECT row_number() OVER w FROM pool('tiny') WINDOW w AS (PARTITION BY source "
            "ORDER BY row_number ROWS 2 PRECEDING)"
        ),
        "SELECT prompt FROM pool('tiny') QUALIFY row_number() OVER (PARTITION BY source) = 1",
        "SELECT * EXCLUDE (messages) REPLACE (upper(source) AS source) FROM pool('tiny')",
        "SELECT COLUMNS('^(pro|res)') FROM pool('tiny')",
        "SELECT unnest(messages, recursive := true) FROM pool('tiny')",
        "SELECT [m.content for m in messages if m.role = 'user'] FROM pool('tiny')",
        "SELECT list_transform(messages, lambda m: m.role) FROM pool('tiny')",
        (
            "SELECT a.prompt FROM pool('tiny') AS a ASOF JOIN pool('few') AS b ON "
            "a.row_number >= b.row_number"
        ),
        "SELECT * FROM pool('tiny') AS a POSITIONAL JOIN pool('few') AS b",
        "SELECT * FROM pool('tiny') AS a SEMI JOIN pool('few') AS b USING (instruction_id)",
        "SELECT * FROM pool('tiny') AS a ANTI JOIN pool('few') AS b USING (instruction_id)",
        "SELECT * FROM pool('tiny') AS a, LATERAL (SELECT a.row_number + 1 AS n) AS b",
        (
            "SELECT * FROM pool('tiny') WHERE instruction_id IN (SELECT instruction_id FROM "
            "pool('few'))"
        ),
        "SELECT * FROM pool('tiny') UNION BY NAME SELECT * FROM subset('few')",
        (
            "SELECT prompt FROM pool('tiny') EXCEPT ALL SELECT prompt FROM pool('few') ORDER "
            "BY 1 LIMIT 3 OFFSET 2"
        ),
        "SELECT * FROM pool('tiny') TABLESAMPLE reservoir(3 ROWS)",
        (
            "SELECT * FROM (PIVOT (FROM pool('tiny')) ON source IN ('math', 'chat') USING "
            "count(*) GROUP BY system)"
        ),
        (
            "SELECT * FROM (UNPIVOT (SELECT prompt, response FROM pool('tiny')) ON prompt, "
            "response INTO NAME part VALUE words)"
        ),
        (
            "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 5) "
            "SELECT * FROM r, pool('few')"
        ),
        (
            "SELECT CASE WHEN row_number > 3 THEN 'a' ELSE 'b' END, x.y FROM (SELECT "
            "row_number, {'y': 1} AS x FROM pool('tiny'))"
        ),
        (
            "SELECT array_agg(prompt ORDER BY row_number DESC) FILTER (WHERE source = "
            "'math') FROM pool('tiny')"
        ),
        (
            "SELECT DATE '2020-01-01' + INTERVAL 3 DAY, 1::DECIMAL(9, 2), TRY_CAST('x' AS "
            "INTEGER), 'a' COLLATE NOCASE, -1 ** 2, 7 // 2"
        ),
        (
            "SELECT MAP {'a': 1}['a'], [1, 2, 3][2:], 'abc'[1], struct_pack(a := 1), e'\\n', "
            "$$x$$, 0xFF, 1_000"
        ),
        "SELECT prompt.upper().substr(1, 3) FROM pool('tiny')",
    ],
)
def test_every_form_of_a_select_runs(store: Store, sql: str) -> None:
    assert run(store, sql).num_rows > 0
