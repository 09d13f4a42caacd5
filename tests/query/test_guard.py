from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from catalog.errors import CatalogError, ForbiddenQueryError, QueryError
from catalog.query.bounds import bounded
from catalog.query.executor import Limits
from catalog.query.runner import Watch
from catalog.query.session import session
from catalog.query.stream import run
from catalog.store.store import Store
from tests.query.conftest import read_cases
from tests.quick import few_of, one_in

HOSTILE = dict(read_cases("hostile"))
ENDLESS = (
    "a query that fills the disk",
    "a recursion that never ends",
)
"""Run until their time is over; test_bounds.py and test_stream_limits.py have others."""
STOPPED = [title for title in HOSTILE if re.search("never ends|fills|beyond|pattern", title)]
DEFAULT = [
    *[title for title in HOSTILE if title not in STOPPED][::4],
    *[title for title in STOPPED if "beyond" in title][::3],
    *ENDLESS,
]


def written(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the size of every file under a folder, and when it was last written."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("title", few_of(list(HOSTILE), *DEFAULT))
def test_a_hostile_statement_is_refused_or_stopped_in_one_line_and_writes_nothing(
    store: Store, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = written(tmp_path)
    started = time.monotonic()
    with pytest.raises(QueryError) as caught:
        run(store, HOSTILE[title], limits=Limits(seconds=0.4, memory="150MB", spill="20MB"))
    message = str(caught.value)
    assert message.startswith("query:"), message
    assert "\n" not in message
    assert len(message) < 400
    assert time.monotonic() - started < 20
    assert written(tmp_path) == before
    assert not list(elsewhere.iterdir())


def test_there_are_at_least_150_hostile_statements() -> None:
    text = (Path(__file__).parent.parent / "cases" / "hostile.sql").read_text(encoding="utf-8")
    assert text.count("-- title: ") >= 150


@pytest.mark.parametrize(
    ("opening", "inside", "closing", "depth"),
    one_in(
        2,
        [
            ("(", "1", ")", 500),
            ("(", "1", ")", 20_000),
            ("abs(", "1", ")", 300),
            ("abs(", "1", ")", 5_000),
            ("(SELECT * FROM ", "(SELECT 1)", ")", 100),
            ("(SELECT ", "1", ")", 1_000),
            ("[", "1", "]", 2_000),
            ("CASE WHEN true THEN ", "1", " END", 2_000),
        ],
    ),
)
def test_nesting_without_end_is_answered_or_refused_in_one_line(
    store: Store, opening: str, inside: str, closing: str, depth: int
) -> None:
    try:
        sql = f"SELECT {opening * depth}{inside}{closing * depth}"
        message = f"{run(store, sql, limits=Limits(seconds=20)).num_rows} row"
    except QueryError as error:
        message = str(error)
    assert "\n" not in message
    assert len(message) < 400


def test_a_cte_may_have_a_name_that_looks_like_a_file(store: Store) -> None:
    assert run(store, 'WITH "a/b.csv" AS (SELECT 1 AS x) SELECT x FROM "a/b.csv"').num_rows == 1


def test_a_file_name_that_a_cte_has_elsewhere_is_still_no_file(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(QueryError):
        run(
            store,
            (
                f"SELECT * FROM '{tmp_path}/t.csv', (WITH \"{tmp_path}/t.csv\" AS (SELECT 1) "
                "SELECT 1) AS s"
            ),
        )


def test_reading_the_environment_is_refused_by_name(store: Store) -> None:
    os.environ.setdefault("HOME", "/")
    with pytest.raises(ForbiddenQueryError, match=r"^query:1:8: getenv\(\) is not allowed"):
        run(store, "SELECT getenv('HOME')")


@pytest.mark.parametrize("title", few_of(list(HOSTILE), *list(HOSTILE)[::10]))
def test_the_locked_connection_alone_would_write_nothing_either(
    store: Store, title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile = HOSTILE[title]
    if "arrow_scan" in hostile:
        pytest.skip(
            "reading a made-up pointer takes the process with it; only the first wall "
            "stands before that"
        )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = written(tmp_path)
    with session(store, memory="150MB", spill="20MB") as opened:
        watch = Watch(opened, name="query", seconds=0.3, progress=None)
        with suppress(duckdb.Error, CatalogError, ValueError), bounded(150 * 2**20):
            watch.run(lambda: opened.connection.sql(hostile))
        watch.close()
    assert written(tmp_path) == before
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "WITH a AS (DELETE FROM pools RETURNING *) SELECT * FROM a",
            "DELETE inside WITH is not allowed",
        ),
        ("WITH a AS (COPY (SELECT 1) TO 'x') SELECT * FROM a", "COPY inside WITH is not allowed"),
        (
            "SELECT *\nFROM 's3://bucket/x.parquet'",
            "query:2:6: 's3://bucket/x.parquet' looks like a file",
        ),
        (
            "SELECT * FROM read_text('x')",
            "query:1:15: read_text() reads outside the catalog: register the file as a pool first",
        ),
        (
            "SELECT * FROM query('SELECT 1')",
            "query:1:15: query() runs a text that nobody has checked",
        ),
        (
            "SELECT * FROM duckdb_settings()",
            "query:1:15: duckdb_settings() is not allowed in a query",
        ),
        ("SELECT 1;\nSELECT 2", "query:1:10: 2 statements"),
        (
            "CREATE TABLE x (a INTEGER)",
            "query:1:1: CREATE is not allowed",
        ),
        ("PIVOT pools ON name USING count(*)", "PIVOT needs its values listed"),
    ],
)
def test_the_first_wall_says_what_is_wrong_and_what_to_do(
    store: Store, sql: str, message: str
) -> None:
    with pytest.raises(QueryError) as caught:
        run(store, sql)
    assert message in str(caught.value)
