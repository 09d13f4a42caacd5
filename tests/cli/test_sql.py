"""SQL on the command line: what its formats hold, and where they go."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from tests.cli.conftest import Run
from tests.copies import made_once

STRANGE = """
SELECT 'nan'::DOUBLE AS a, {'b': ['infinity'::DOUBLE, 1.5]} AS b, 'xy'::BLOB AS c,
    INTERVAL '14 months 3 days 2.5 seconds' AS d,
    [INTERVAL 1 DAY] AS e, TIMESTAMP '2026-01-02 03:00:00' AS f
"""

pytestmark = pytest.mark.usefixtures("filled")


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    catalog.register(jsonl([{"instruction": "why?", "output": "because"}]), pool="p")
    return catalog


def test_json_holds_nothing_that_is_not_json(run: Run) -> None:
    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is no JSON")

    expected = {
        "a": None,
        "b": {"b": [None, 1.5]},
        "c": "7879",
        "d": "1 year 2 months 3 days 00:00:02.5",
        "e": ["1 day"],
        "f": "2026-01-02T03:00:00",
    }
    assert json.loads(run("sql", STRANGE, "--format", "json").stdout, parse_constant=refuse) == [
        expected
    ]
    assert (
        json.loads(run("sql", STRANGE, "--format", "jsonl").stdout, parse_constant=refuse)
        == expected
    )


def test_csv_holds_what_json_holds(run: Run) -> None:
    _, row = csv.reader(io.StringIO(run("sql", STRANGE, "--format", "csv").stdout))
    assert row == [
        "",
        '{"b":[null,1.5]}',
        "7879",
        "1 year 2 months 3 days 00:00:02.5",
        '["1 day"]',
        "2026-01-02T03:00:00",
    ]


def test_an_interval_is_written_as_sql_reads_it(run: Run) -> None:
    written = json.loads(run("sql", STRANGE, "--json").stdout)[0]["d"]
    query = f"SELECT INTERVAL '{written}' = INTERVAL '14 months 3 days 2.5 seconds' AS is_same"
    assert json.loads(run("sql", query, "--json").stdout) == [{"is_same": True}]


def test_a_file_that_is_there_stays_unless_it_may_be_overwritten(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    path.write_text("precious")
    refused = run("sql", "SELECT 1 AS n", "-o", str(path))
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"error: {path} exists: choose another path, or add --overwrite\n",
    )
    assert path.read_text() == "precious"
    assert run("sql", "SELECT 1 AS n", "-o", str(path), "--overwrite").exit_code == 0
    assert path.read_text() == "n\n1\n"


def test_a_query_file_is_utf_8_with_a_byte_order_mark_or_without(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "query.sql"
    file.write_bytes("\ufeffSELECT 'größe' AS n".encode())
    assert json.loads(run("sql", str(file), "--json").stdout) == [{"n": "größe"}]
    file.write_bytes(b"SELECT '\xe4' AS n")
    refused = run("sql", str(file))
    assert (refused.exit_code, "byte 8" in refused.output) == (2, True)


def test_a_hyphen_is_standard_output(run: Run) -> None:
    assert run("sql", "SELECT 1 AS n", "--format", "csv", "-o", "-").stdout == "n\n1\n"
    assert run("sql", "SELECT 1 AS n", "-o", "-").stdout == run("sql", "SELECT 1 AS n").stdout


@pytest.mark.parametrize("verb", [("sql", "SELECT 1 AS n"), ("export", "p")])
def test_a_folder_that_is_not_there_is_one_line(
    run: Run, tmp_path: Path, verb: tuple[str, ...]
) -> None:
    refused = run(*verb, "-o", str(tmp_path / "nowhere" / "answer.json"))
    assert refused.exit_code == 2
    assert (
        refused.stderr
        == f"error: folder {tmp_path / 'nowhere'} does not exist: create it first, or choose "
        "another path\n"
    )


def test_what_parquet_cannot_hold_is_one_line_with_the_column(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answer.parquet"
    refused = run("sql", "SELECT 1 AS n, INTERVAL 1 DAY AS day", "-o", str(path))
    assert refused.exit_code == 1
    assert refused.stderr.startswith(
        "error: Parquet has no type month_day_nano_interval for day: use CAST(day AS VARCHAR)"
    )
    assert not list(tmp_path.glob("*answer*"))
    assert (
        run(
            "sql", "SELECT 1 AS n, CAST(INTERVAL 1 DAY AS VARCHAR) AS day", "-o", str(path)
        ).exit_code
        == 0
    )
