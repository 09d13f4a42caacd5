"""Every SQL text of the project is read by sqlglot as DuckDB reads it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from catalog.query.meaning.agreement import understood
from catalog.query.parse import SERIALIZE
from tests.quick import few_of

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("catalog", "tests", "benchmarks", "studies")
QUERY = re.compile(r"(\s*--[^\n]*\n)*\s*\(*\s*(select|with|from|values)\b", re.IGNORECASE)
BLOCKS = {
    "sql/scores/*.sql": None,
    "sql/queries/*.sql": re.compile(r"^-- name: .*\n", re.MULTILINE),
    "tests/cases/*.sql": re.compile(r"^-- title: .*\n", re.MULTILINE),
}
SHOWN = re.compile(
    r"^```sql[^\n]*\n(?P<block>.*?)^```"
    r'|catalog sql (?:-\S+ \S+ )*(?:"(?P<double>(?:[^"\\]|\\.)*)"|\'(?P<single>[^\']*)\')',
    re.MULTILINE | re.DOTALL,
)
EXCEPTIONS = (
    "SELECT 1;",  # two statements
    "WITH a AS (COPY (SELECT 1) TO",  # refused by the guard
    "VALUES (1)",  # no SELECT
    "SELECT 1.5e-3 + .5 - x'AB'::BLOB",  # a string of bytes
    "SELECT [1.0]::FLOAT[1]<->[2]::FLOAT[1]",  # a suffix operator
    "SELECT MAP {'a': 1}['a']",  # 1_000
    "SELECT count(*) FROM (SELECT range AS a, hash(range)",  # 4_000_000
    "SELECT range AS a, hash(range)",  # 8_000_000
    "SELECT `no`",  # the quotes of another dialect
    "SELECT a ** 2, a ^ 2",  # a power
    "SELECT json_serialize_sql(?",  # a parameter without a name
    "SELECT list_transform([1], x ->",  # a lambda's form of before
    "SELECT vector[1] FROM",  # an index
    "-- summary: Mine.\nSELECT instruction_id FROM pool($pool) WHERE row_number::DECIMAL",
)


def selectors() -> Iterator[str]:
    yield from (path.read_text(encoding="utf-8") for path in ROOT.glob("selectors/*.sql"))


def sql_files() -> Iterator[str]:
    for pattern, separator in BLOCKS.items():
        for path in ROOT.glob(pattern):
            text = path.read_text(encoding="utf-8")
            yield from separator.split(text) if separator else [text]


def pages() -> Iterator[str]:
    for path in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        for match in SHOWN.finditer(path.read_text(encoding="utf-8")):
            shown = match["block"] or match["double"] or match["single"] or ""
            yield re.sub(r'\\(["$])', r"\1", shown)


def strings() -> Iterator[str]:
    for path in (file for folder in FOLDERS for file in ROOT.glob(f"{folder}/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@pytest.mark.parametrize(
    ("found", "at_least"),
    few_of([(selectors, 40), (sql_files, 100), (pages, 10), (strings, 500)], (selectors, 40)),
)
def test_every_query_of_the_project_is_understood(
    found: Callable[[], Iterator[str]], at_least: int
) -> None:
    connection = duckdb.connect(":memory:")
    texts = {text.strip() for text in found() if QUERY.match(text)}
    trees = {text: connection.execute(SERIALIZE, {"text": text}).fetchall() for text in texts}
    queries = [text for text, rows in trees.items() if '"error":true' not in rows[0][0][:40]]
    failed = [text for text in queries if understood(connection, text) is None]
    assert [text for text in failed if not text.startswith(EXCEPTIONS)] == []
    assert len(queries) >= at_least


@pytest.mark.parametrize(
    "text",
    [
        "SELECT f(x::VARCHAR), x::TEXT, CAST(x AS TIMESTAMP WITH TIME ZONE) FROM t",
        "SELECT INTERVAL 1 DAY AS day, current_date > d FROM t",
        "SELECT string_agg(DISTINCT a, ',') FROM t",
    ],
)
def test_a_form_that_sqlglot_prints_otherwise_is_understood(text: str) -> None:
    assert understood(duckdb.connect(":memory:"), text) is not None


def test_types_that_differ_are_not_one() -> None:
    connection = duckdb.connect(":memory:")
    trees = [understood(connection, f"SELECT x::{name}") for name in ("VARCHAR", "BLOB")]
    assert trees[0] != trees[1]
