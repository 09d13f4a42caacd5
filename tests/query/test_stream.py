from __future__ import annotations

from unittest.mock import ANY

import pyarrow as pa
import pytest

from catalog.arrow import to_python
from catalog.errors import (
    CatalogError,
    QueryError,
)
from catalog.query.stream import first_rows, run, stream
from catalog.store.store import Store
from tests.quick import one_in


def test_a_pool_is_a_table(store: Store) -> None:
    answer = run(
        store,
        (
            "SELECT instruction_id, prompt, response FROM pool('tiny@1') WHERE row_number < "
            "3 ORDER BY row_number"
        ),
    )
    assert answer.to_pylist() == [
        {"instruction_id": i, "prompt": f"question {i}", "response": "a" * (i + 1)}
        for i in range(3)
    ]


@pytest.mark.parametrize(
    ("ref", "expected"),
    [("tiny", 35), ("tiny@2", 35), ("tiny@1", 30), ("tiny@first", 30), ("few", 4), ("few@1", 4)],
)
def test_a_reference_names_a_version_of_a_pool_or_a_subset(
    store: Store, ref: str, expected: int
) -> None:
    assert run(
        store, "SELECT count(*) AS n FROM pool($ref)", parameters={"ref": ref}
    ).to_pylist() == [{"n": expected}]


def test_a_subset_has_the_pools_columns_and_then_its_own(store: Store) -> None:
    of_pool = run(store, "FROM pool('tiny') LIMIT 0").column_names
    answer = run(store, "FROM subset('few') ORDER BY rank")
    assert answer.column_names == [*of_pool, "rank", "why", "copies", "pool"]
    assert answer["instruction_id"].to_pylist() == [10, 13, 16, 19]
    assert answer["rank"].to_pylist() == [1, 2, 3, 4]


def test_an_unaliased_source_goes_by_its_own_name(store: Store) -> None:
    assert run(
        store, "SELECT pool.source FROM pool('tiny') WHERE pool.row_number = 6"
    ).to_pylist() == [{"source": "math"}]


def test_sources_stand_in_joins_subqueries_ctes_and_set_operations(store: Store) -> None:
    sql = """
    WITH math AS (SELECT * FROM pool('tiny') WHERE source = 'math')
    SELECT count(*) AS n FROM math
    UNION ALL SELECT count(*) FROM pool('tiny') AS p JOIN pool('few') AS f USING (instruction_id)
    UNION ALL SELECT (SELECT count(*) FROM pool('tiny@1'))
    UNION ALL SELECT count(*) FROM (FROM pool('tiny') EXCEPT FROM pool('tiny@1'))
    """
    assert run(store, sql)["n"].to_pylist() == [12, 4, 30, 10]


def test_a_column_that_nobody_reads_is_not_computed(store: Store) -> None:
    with stream(store, "SELECT instruction_id FROM pool('tiny')") as reader:
        assert reader.schema.names == ["instruction_id"]
    from catalog.query.planner import plan
    from catalog.query.session import session
    from catalog.query.source_text import SourceText

    with session(store) as opened:
        query = str(
            plan(
                opened.connection, SourceText.of("SELECT instruction_id FROM pool('tiny')"), {}
            ).query
        )
        assert "messages" not in opened.connection.sql(f"EXPLAIN {query}").fetchall()[0][1]


def test_a_stream_comes_in_batches_and_never_whole(store: Store) -> None:
    with stream(store, "SELECT range AS i FROM range(1000000000)") as reader:
        first = reader.read_next_batch()
        assert 0 < first.num_rows <= 100_000
        assert first.schema == pa.schema([("i", pa.int64())])


WIDTHS = ("TINY", "SMALL", "BIG", "UTINY", "USMALL", "UBIG", "HUGE", "")
TYPES = ("VARCHAR", "BOOLEAN", "FLOAT", "DOUBLE", "DATE", "DOUBLE[]", "UINTEGER")


@pytest.mark.parametrize("type_", one_in(3, [*TYPES, *(f"{width}INT" for width in WIDTHS)]))
def test_first_rows_are_those_of_the_whole_answer(store: Store, type_: str) -> None:
    texts = "true,,é\u202e,0.1,nan,-inf,1e-45,-128,255,18446744073709551615,[1; NULL],2026-11-26"
    values = f"list_append(string_split('{texts}', ','), NULL)"
    column = f"TRY_CAST(unnest({values}) AS {type_})"
    sql = f"SELECT 7 AS n, {column} AS value, 8 AS n"
    names, records = first_rows(store, sql, 12)
    assert names == ["n", "value", "n_1"]
    assert records == [{"n": 7, "value": ANY, "n_1": 8}] * 12
    values = to_python(run(store, sql)["value"])
    assert repr([record["value"] for record in records]) == repr(values[:12])


def test_first_rows_of_many_are_few(store: Store) -> None:
    sql = "SELECT range AS i, [range] AS items FROM range(1000000000)"
    assert first_rows(store, sql, 2)[1] == [{"i": 0, "items": [0]}, {"i": 1, "items": [1]}]
    assert first_rows(store, "SELECT prompt FROM pool('tiny') WHERE false", 2) == (["prompt"], [])


@pytest.mark.parametrize(
    ("sql", "place", "words"),
    one_in(
        2,
        [
            ("SELECT\n  frob(1)", "mine.sql:2:3", "frob"),
            ("SELECT promt\nFROM pool('tiny')", "mine.sql:1:8", '"prompt"'),
            (
                "SELECT 1 FROM pool('tiny') AS p\nJOIN pool('few') AS f ON p.x = f.instruction_id",
                "mine.sql:2:26",
                '"p"',
            ),
            ("SELECT *\nFROM pol('tiny')", "mine.sql:2:6", "did you mean pool?"),
            ("SELECT *\nFROM\n  pool('tny')", "mine.sql:3:3", "did you mean tiny?"),
            ("SELECT 'é', '😀', pool('tiny')", "mine.sql:1:18", "pool(...)"),
            ("SELECT * FROM pool(7)", "mine.sql:1:20", "ref expects a text, not 7"),
            ("SELECT * FROM pool()", "mine.sql:1:15", "needs ref"),
            ("SELECT * FROM pool('tiny', version => 3)", "mine.sql:1:28", "no argument version"),
            ("SELECT * FROM pool('tiny', 3)", "mine.sql:1:28", "takes 1 argument"),
            ("SELECT * FROM pool(ref => 'tiny', ref => 'few')", "mine.sql:1:35", "twice"),
            ("SELECT * FROM pool(x) AS p", "mine.sql:1:20", "before the query runs"),
            (
                "SELECT * FROM (VALUES ('tiny')) AS v(x), LATERAL pool(x)",
                "mine.sql:1:42",
                "LATERAL",
            ),
            ("SELECT 1 WHERE FROM", "mine.sql:1:16", "syntax error"),
            ("SELECT 'unterminated", "mine.sql:1:8", "unterminated"),
            ("SELECT CAST('x' AS INTEGER)", "mine.sql:1:8", "Could not convert"),
            ("SELECT $missing", "mine.sql:1:8", "$missing has no value"),
            ("SELECT 1, ?", "mine.sql:1:1", "parameters have names"),
            ("", "mine.sql:1:1", "no statement"),
            ("-- nothing\n", "mine.sql:1:1", "no statement"),
        ],
    ),
)
def test_an_error_is_one_line_with_its_place(
    store: Store, sql: str, place: str, words: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        run(store, sql, name="mine.sql")
    message = str(caught.value)
    assert message.startswith(f"{place}: "), message
    assert words in message
    assert "\n" not in message
    assert "__fn" not in message


def test_the_place_holds_after_a_source_was_replaced_on_the_same_line(store: Store) -> None:
    with pytest.raises(QueryError, match=r"^query:1:65: "):
        run(
            store,
            "SELECT p.prompt FROM pool('tiny') AS p JOIN pool('few') AS f ON p.nothing = f.rank",
        )


def test_a_long_line_is_pointed_at_where_it_is_wrong(store: Store) -> None:
    sql = (
        "SELECT "
        + ", ".join(f"{i} AS c{i}" for i in range(60))
        + ", wrong, "
        + ", ".join(f"{i} AS d{i}" for i in range(60))
    )
    with pytest.raises(QueryError, match=rf"^query:1:{sql.index('wrong') + 1}: "):
        run(store, sql)


@pytest.mark.parametrize(
    "columns", ["1 AS a, 2 AS b, 3 AS a", "1 AS a, 2 AS a, 3 AS a", "1 AS a, 2 AS b"]
)
def test_columns_of_one_name_are_numbered_as_duckdb_numbers_those_of_a_subquery(
    store: Store, columns: str
) -> None:
    expected = run(store, f"SELECT * FROM (SELECT {columns})")
    assert run(store, f"SELECT {columns}").equals(expected)
    with stream(store, f"SELECT {columns}") as reader:
        assert reader.read_all().equals(expected)
    both = "SELECT * FROM pool('tiny') AS a JOIN pool('few') AS b USING (instruction_id)"
    assert {"fingerprint", "fingerprint_1"} < set(run(store, both).column_names)
