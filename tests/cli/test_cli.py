"""The command line: what is data, what is narration, and what the exit codes say."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog import Catalog
from tests.cli.conftest import Run
from tests.copies import made_once

Write = Callable[..., Path]


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Write) -> Catalog:
    records = [{"instruction": f"question {i}", "output": f"answer {i}", "n": i} for i in range(5)]
    catalog.register(jsonl([*records, {"instruction": "why?", "output": ""}]), pool="p")
    return catalog


def test_register_answers_in_json_with_what_was_read(run: Run, jsonl: Write) -> None:
    result = run(
        "register", str(jsonl([{"prompt": "a", "completion": "b"}])), "--pool", "p", "--json"
    )
    answer = json.loads(result.stdout)
    assert (
        answer["name"],
        answer["version"],
        answer["n_members"],
        answer["files"][0]["shape"],
    ) == ("p", 1, 1, "alpaca")


def test_register_prints_what_folded_and_which_keys_were_not_read(run: Run, jsonl: Write) -> None:
    keys = {f"key{n:02}": n for n in range(12)}
    records = [{"prompt": "a", "completion": "b", **keys, "id": n // 2} for n in range(4)]
    result = run("register", str(jsonl(records)), "--pool", "p", "--hash-media")
    assert "1 exact duplicates folded, 2 folded, differing in id" in result.stdout
    (line,) = [line for line in result.stderr.splitlines() if "not read:" in line]
    assert line.endswith(" and 3 more")
    assert line.count(" (100 %)") == 10
    answer = json.loads(run("register", str(jsonl(records)), "--pool", "q", "--json").stdout)
    assert (answer["n_folded"], answer["n_folded_differing"], answer["folded_differing_in"]) == (
        3,
        2,
        ["id"],
    )
    assert (answer["files"][0]["n_unread_keys"], answer["files"][0]["unread"]["id"]) == (13, 4)


@pytest.mark.parametrize(
    "arguments",
    [
        ("pools",),
        ("history", "p"),
        ("show", "p"),
        ("quarantine", "p"),
        ("diff", "p", "p"),
        ("doctor",),
        ("gc",),
        ("migrate",),
        ("signals", "p"),
        ("signals",),
        ("tag", "p", "first"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_what_prints_a_table_prints_json_too(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    json.loads(result.stdout)
    assert run(*arguments).exit_code == 0


@pytest.mark.usefixtures("filled")
def test_an_error_is_one_line_on_stderr_and_exit_code_1(run: Run) -> None:
    result = run("show", "q")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "error: no pool or subset named q; there are: p\n"


@pytest.mark.usefixtures("filled")
def test_a_wrong_use_is_exit_code_2(run: Run) -> None:
    assert run("show").exit_code == 2
    assert run("tag", "p", "12").exit_code == 2


@pytest.mark.usefixtures("empty_folder")
def test_a_folder_without_a_catalog_names_the_first_step(run: Run) -> None:
    result = run("pools")
    assert result.exit_code == 1
    assert "catalog register FILE --pool NAME" in result.stderr


@pytest.mark.usefixtures("filled")
def test_sql_writes_every_format_to_a_file_and_to_stdout(run: Run, tmp_path: Path) -> None:
    query = "SELECT row_number, prompt, [row_number] AS nested, NULL AS nothing "
    query += "FROM pool('p') ORDER BY row_number"
    for ending in ("json", "jsonl", "csv", "parquet", "arrow"):
        path = tmp_path / f"answer.{ending}"
        assert run("sql", query, "-o", str(path)).exit_code == 0
        assert path.read_bytes() == run("sql", query, "--format", ending).stdout_bytes
    assert [row["prompt"] for row in json.loads((tmp_path / "answer.json").read_text())] == [
        f"question {i}" for i in range(5)
    ]
    assert len((tmp_path / "answer.jsonl").read_text().splitlines()) == 5
    rows = list(csv.reader(io.StringIO((tmp_path / "answer.csv").read_text())))
    assert rows[:2] == [
        ["row_number", "prompt", "nested", "nothing"],
        ["0", "question 0", "[0]", ""],
    ]
    assert pq.read_table(tmp_path / "answer.parquet")["row_number"].to_pylist() == list(range(5))
    assert pa.ipc.open_stream(tmp_path / "answer.arrow").read_all().num_rows == 5


@pytest.mark.usefixtures("filled")
def test_sql_takes_parameters_files_and_stdin(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "query.sql"
    path.write_text("SELECT count(*) AS n FROM pool('p') WHERE row_number < $limit")
    for arguments, options in (((str(path),), {}), (("-",), {"input": path.read_text()})):
        assert json.loads(
            run("sql", *arguments, "--set", "limit=3", "--json", **options).stdout
        ) == [{"n": 3}]


@pytest.mark.usefixtures("filled")
def test_a_failed_query_leaves_no_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "answer.csv"
    result = run("sql", "SELECT nothing FROM pool('p')", "-o", str(path))
    assert result.exit_code == 1
    assert "nothing" in result.stderr
    assert list(tmp_path.glob("*answer*")) == []


@pytest.mark.usefixtures("filled")
def test_a_table_says_when_there_are_more_rows(run: Run) -> None:
    result = run("sql", "SELECT row_number FROM pool('p') ORDER BY 1", "--rows", "2")
    assert "first 2 rows" in result.stderr
    assert "1" in result.stdout
    assert "4" not in result.stdout


def test_a_drop_asks_first(run: Run, filled: Catalog) -> None:
    assert run("drop", "p", input="n\n").exit_code == 0
    assert filled.pools().height == 1
    dropped = run("drop", "p", "--yes", "--json")
    assert json.loads(dropped.stdout) == {"kind": "pool", "dropped": "p"}
    assert filled.pools().height == 0


def test_doctor_fails_when_something_is_wrong(run: Run, filled: Catalog) -> None:

    with filled.store.writing() as connection:
        connection.execute(
            "DELETE FROM instructions "
            "WHERE instruction_id = (SELECT min(instruction_id) FROM instructions)"
        )
    result = run("doctor")
    assert result.exit_code == 1
    assert "1 members of p have no instruction" in result.stdout


@pytest.mark.usefixtures("filled")
def test_export_writes_what_register_reads(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "exported.jsonl"
    assert run("export", "p", "-o", str(path)).exit_code == 0
    run("register", str(path), "--pool", "again")
    answer = json.loads(run("diff", "p", "again", "--json").stdout)
    assert (answer["n_added"], answer["n_removed"], answer["n_kept"]) == (0, 0, 5)


def test_a_file_of_a_dead_job_is_found_and_swept(run: Run, filled: Catalog) -> None:
    (filled.store.scratch / "register-999999999-x").mkdir(parents=True)
    assert run("doctor").exit_code == 1
    assert run("gc").exit_code == 0
    assert run("doctor").exit_code == 0
