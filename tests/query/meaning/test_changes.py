"""What changed between two selectors."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from catalog.query.meaning.changes import ONLY_LAYOUT, changes

S2L = Path(__file__).resolve().parents[3] / "selectors" / "s2l.sql"


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def test_the_same_text_has_no_change(connection: duckdb.DuckDBPyConnection) -> None:
    assert changes(connection, "SELECT 1", "SELECT 1") == []


@pytest.mark.parametrize(
    "other",
    [
        "SELECT p.a FROM t AS p -- a comment\nWHERE p.b > 1",
        "select x.a from t as x where x.b > 1",
        "SELECT p.a FROM t AS p WHERE (p.b > 1)",
    ],
)
def test_names_comments_and_layout_do_not_change_the_meaning(
    connection: duckdb.DuckDBPyConnection, other: str
) -> None:
    assert changes(connection, "SELECT p.a FROM t AS p WHERE p.b > 1", other) == [ONLY_LAYOUT]


def test_a_kernels_argument_is_named_with_its_place(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    text = S2L.read_text(encoding="utf-8")
    found = changes(connection, text, text.replace("=> $incomplete", "=> 'drop'"))
    assert found is not None
    assert len(found) == 1
    assert "kmeans" in found[0]
    assert "'drop'" in found[0]


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        ("k => $k", "k => 50", ["clusters", "kmeans(k)", "$k", "50"]),
        (", seed => $seed", "", ["clusters", "kmeans(seed)", "$seed", "nothing"]),
        ("k => $k", "k => $k, sample => 9", ["kmeans(sample)", "9"]),
    ],
)
def test_an_argument_of_a_kernel_is_named_with_both_values(
    connection: duckdb.DuckDBPyConnection, before: str, after: str, names: list[str]
) -> None:
    text = S2L.read_text(encoding="utf-8")
    found = changes(connection, text, text.replace(before, after, 1))
    assert found is not None
    (change,) = found
    assert [name for name in names if name not in change] == []


def test_two_ways_to_name_an_argument_are_layout(connection: duckdb.DuckDBPyConnection) -> None:
    text = S2L.read_text(encoding="utf-8")
    assert changes(connection, text, text.replace("k => $k", "k := $k")) == [ONLY_LAYOUT]


def test_each_condition_is_reported_by_itself(connection: duckdb.DuckDBPyConnection) -> None:
    found = changes(
        connection,
        "SELECT a FROM t WHERE a > 1 AND b = 2 LIMIT 3",
        "SELECT a FROM t WHERE a > 1 AND b = 3 LIMIT 4",
    )
    assert found is not None
    assert [line.rsplit(": ", 1)[1] for line in found[:2]] == ["b = 2", "b = 3"]
    assert "LIMIT" in found[2]
    assert len(found) == 3


def test_columns_and_ctes_come_and_go(connection: duckdb.DuckDBPyConnection) -> None:
    found = changes(
        connection,
        "WITH x AS (SELECT a FROM t) SELECT a, b FROM x",
        "WITH y AS (SELECT a FROM t) SELECT a, a + 1 AS c FROM y",
    )
    assert found is not None
    text = "\n".join(found)
    assert all(name in text for name in ("x", "y", "column b", "column c"))


def test_a_text_that_is_not_understood_has_no_changes(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    assert changes(connection, "SELECT 1", "no query") is None
