"""Queries in a uniform layout: the same tree, every comment."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from catalog.query.meaning.layout import _tree, formatted

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def test_every_selector_is_laid_out_as_the_same_tree(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    for path in sorted((ROOT / "selectors").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        laid = formatted(connection, text)
        assert _tree(connection, laid) == _tree(connection, text), path.stem
        assert laid.startswith(text.partition("\n\n")[0]), path.stem
        assert formatted(connection, laid) == laid, path.stem


def test_one_line_becomes_several_and_comments_stay(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    text = "-- head\nselect a, /* why */ b from t where a is not null"
    laid = formatted(connection, text)
    assert laid.startswith("-- head\nSELECT\n    a,")
    assert "IS NOT NULL" in laid
    assert "why" in laid


@pytest.mark.parametrize(
    "text",
    [
        "no query",
        "",
        "-- a comment alone\n",
        "SELECT FROM WHERE",
        "SELECT 1; SELECT 2",
        "SELECT '-- no comment' AS a FROM t",
        "SELECT a ** 2, a ^ 2 FROM t",
        "SELECT a FROM t WHERE a IS NOT NULL -- which sqlglot drops",
    ],
)
def test_what_could_change_is_left_as_it_was_written(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    laid = formatted(connection, text)
    assert laid == text or _tree(connection, laid) == _tree(connection, text) is not None
