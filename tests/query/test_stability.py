"""Functions that change from run to run: what DuckDB says of them, and whether it is true."""

from __future__ import annotations

import time

import duckdb
import pytest

from catalog.query.parse import tree
from catalog.query.session import session
from catalog.query.source_text import SourceText
from catalog.query.stability import CLOCKS, CONSISTENT, Stability
from catalog.store.queries import macros
from catalog.store.store import Store

ALONE = """
SELECT DISTINCT function_name
FROM duckdb_functions()
WHERE function_type IN ('scalar', 'macro')
    AND len(parameters) = 0
    AND regexp_matches(function_name, '^[a-z]')
ORDER BY 1
"""


def changing(store: Store, sql: str) -> set[str]:
    with session(store) as opened:
        root = tree(opened.connection, SourceText.of(sql))
        return {name for _, name in Stability(opened.connection).changing(root)}


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("current_localtimestamp()", "current_localtimestamp"),
        ("transaction_timestamp()", "transaction_timestamp"),
        ("ago(INTERVAL 1 DAY)", "ago"),
        ("pg_postmaster_start_time()", "pg_postmaster_start_time"),
        ("pg_conf_load_time()", "pg_conf_load_time"),
        ("age(TIMESTAMP '2020-01-01')", "age"),
        ("upper(uuid()::VARCHAR)", "uuid"),
        ("current_date", "current_date"),
        ("abs(random())", "random"),
        ("txid_current()", "txid_current"),
    ],
)
def test_values_of_the_clock_or_the_session_are_reported(
    store: Store, expression: str, name: str
) -> None:
    assert changing(store, f"SELECT {expression} AS x") == {name}
    assert changing(
        store, f"WITH a AS (SELECT 1 AS b) SELECT b FROM a WHERE ({expression})::VARCHAR <> ''"
    ) == {name}


@pytest.mark.parametrize(
    "expression",
    [
        "year(DATE '2020-01-01') + 1",
        "age(TIMESTAMP '2020-01-01', TIMESTAMP '2019-01-01')",
        "uniform_hash('a', 1) + shuffle_key('a', 1)",
        "CASE WHEN false THEN error('no') END",
        "list_sum([1, 2])",
        "strftime(TIMESTAMP '2020-01-01', '%Y')",
    ],
)
def test_what_depends_on_its_arguments_alone_passes(store: Store, expression: str) -> None:
    assert changing(store, f"SELECT {expression} AS x") == set()


def test_every_macro_of_the_catalog_passes(store: Store) -> None:
    with session(store) as opened:
        known = Stability(opened.connection)
        names = {text.split("MACRO ")[1].split("(")[0] for text in macros()}
        assert names <= known.functions[1].keys()
        assert not [name for name in names if known.is_changing_macro(name)]


def test_every_function_without_arguments_is_judged_as_two_moments_show_it(store: Store) -> None:
    with session(store) as opened:
        names = [name for (name,) in opened.connection.sql(ALONE).fetchall()]
    answers = []
    for _ in range(2):
        with duckdb.connect() as connection:
            answers.append({name: _answer(connection, f'"{name}"()') for name in names})
            answers[-1] |= {name: _answer(connection, name) for name in CLOCKS}
        time.sleep(0.01)
    differ = {name for name in (*names, *CLOCKS) if answers[0][name] != answers[1][name]}
    assert len(differ) > 10
    told = changing(
        store,
        "SELECT " + ", ".join(name if name in CLOCKS else f'"{name}"()' for name in sorted(differ)),
    )
    assert told == differ


def _answer(connection: duckdb.DuckDBPyConnection, expression: str) -> str:
    try:
        return str(connection.sql(f"SELECT {expression}").fetchall())
    except duckdb.Error as error:
        return type(error).__name__


def test_duckdb_says_that_the_common_functions_do_not_change(store: Store) -> None:
    with session(store) as opened:
        known = Stability(opened.connection)
        by_arity, _ = known.functions
        every = "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
        names = {name for (name,) in opened.connection.sql(every).fetchall()}
        changing = {name for name in CONSISTENT if known.is_changing_macro(name)}
    changing |= {name for (name, _), is_changing in by_arity.items() if is_changing}
    assert names >= CONSISTENT
    assert not CONSISTENT & changing
