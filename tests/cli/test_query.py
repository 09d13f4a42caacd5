"""SQL on the command line: what its formats hold, and where they go."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main

Run = Callable[..., Result]
STRANGE = """
SELECT 'nan'::DOUBLE AS a, {'b': ['infinity'::DOUBLE, 1.5]} AS b, 'xy'::BLOB AS c, INTERVAL '14 months 3 days 2.5 seconds' AS d,
    [INTERVAL 1 DAY] AS e, TIMESTAMP '2026-01-02 03:00:00' AS f
"""


@pytest.fixture
def run(catalog: Catalog, jsonl: Callable[..., Path]) -> Run:
    catalog.register(jsonl([{"instruction": "why?", "output": "because"}]), pool="p")

    def run(*arguments: str, **options: Any) -> Result:
        return CliRunner().invoke(main, ["--home", str(catalog.home.path), "--wait", "1", *arguments], **options)

    return run


def test_json_holds_nothing_that_is_not_json(run: Run) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    expected = {
        "a": None,
        "b": {"b": [None, 1.5]},
        "c": "7879",
        "d": "14 months 3 days 2.5 seconds",
        "e": ["1 days"],
        "f": "2026-01-02T03:00:00",
    }
    assert json.loads(run("sql", STRANGE, "--format", "json").stdout, parse_constant=refuse) == [expected]
    assert json.loads(run("sql", STRANGE, "--format", "jsonl").stdout, parse_constant=refuse) == expected


def test_csv_holds_what_json_holds(run: Run) -> None:
    _, row = csv.reader(io.StringIO(run("sql", STRANGE, "--format", "csv").stdout))
    assert row == ["", '{"b": [null, 1.5]}', "7879", "14 months 3 days 2.5 seconds", '["1 days"]', "2026-01-02T03:00:00"]


def test_an_interval_is_written_as_sql_reads_it(run: Run) -> None:
    written = json.loads(run("sql", STRANGE, "--json").stdout)[0]["d"]
    query = f"SELECT INTERVAL '{written}' = INTERVAL '14 months 3 days 2.5 seconds' AS is_same"
    assert json.loads(run("sql", query, "--json").stdout) == [{"is_same": True}]
