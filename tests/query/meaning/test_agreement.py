"""Both parsers read what this project writes alike."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import duckdb
import pytest

from catalog.query.meaning.agreement import understood
from catalog.query.parse import statements

ROOT = Path(__file__).resolve().parents[3]
LEAST = 0.96


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def blocks(path: Path, pattern: str) -> list[str]:
    return re.split(pattern, path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]


def strings(path: Path) -> list[str]:
    """Return the string constants of a module that begin like a query."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = [
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return [text for text in texts if re.match(r"\s*(SELECT|WITH|FROM)\b", text)]


def corpus() -> list[str]:
    """Return every text of the project that might be one query."""
    texts: list[str] = []
    for path in (ROOT / "sql" / "queries").glob("*.sql"):
        texts += blocks(path, r"^-- name: \w+\n")
    for path in (ROOT / "tests" / "cases").glob("*.sql"):
        texts += blocks(path, r"^-- title: .*\n")
    for folder in ("catalog", "tests", "studies"):
        for path in (ROOT / folder).rglob("*.py"):
            texts += strings(path)
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        texts += re.findall(r"```sql\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return sorted(set(texts))


@pytest.mark.parametrize(
    "path", sorted((ROOT / "selectors").glob("*.sql")), ids=lambda path: path.stem
)
def test_every_selector_is_understood(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    assert understood(connection, path.read_text(encoding="utf-8")) is not None


@pytest.mark.slow
def test_nearly_every_text_of_the_project_is_understood(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    queries = [text for text in corpus() if len(statements(connection, text) or ()) == 1]
    strange = [text for text in queries if understood(connection, text) is None]
    assert len(queries) > 500
    assert len(strange) <= (1 - LEAST) * len(queries), strange


@pytest.mark.parametrize(
    "text",
    [
        "SELECT metadata ->> 'a.b' FROM t",
        "SELECT length(a) FROM t",
        "SELECT * FROM kmeans((SELECT * FROM trajectories($pool)), k => $k)",
    ],
)
def test_what_the_stock_dialect_changes_is_read_as_duckdb_reads_it(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert understood(connection, text) is not None


@pytest.mark.parametrize("text", ["SELECT", "DELETE FROM t", "SELECT 1; SELECT 2", "no query"])
def test_a_text_other_than_a_query_is_not_understood(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    assert understood(connection, text) is None
