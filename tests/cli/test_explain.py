"""The command `explain`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog.cli import main
from catalog.cli.group import DONE, USAGE


def run(home: Path, *words: str) -> tuple[int, str, str]:
    answer = CliRunner().invoke(main, ["--home", str(home), *words])
    return answer.exit_code, answer.stdout, answer.stderr


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("explain")
    home = tmp_path / "home"
    rows = [{"instruction": f"question {n}", "output": "word " * (n + 1)} for n in range(9)]
    (tmp_path / "pool.json").write_text(json.dumps(rows), encoding="utf-8")
    scores = [{"row": n, "quality": n % 4} for n in range(9)]
    (tmp_path / "quality.json").write_text(json.dumps(scores), encoding="utf-8")
    assert run(home, "register", str(tmp_path / "pool.json"), "--pool", "p")[0] == DONE
    imported = ("scores", "import", "p", str(tmp_path / "quality.json"), "--name", "quality")
    assert run(home, *imported)[0] == DONE
    options = ("--budget", "3", "--as", "best", "--set", "score=quality")
    assert run(home, "select", "longest", "p", *options)[0] == DONE
    return home


def test_the_columns_of_a_subset_are_those_of_its_stored_selection(home: Path) -> None:
    code, out, _ = run(home, "explain", "best", "--columns", "--json")
    assert code == DONE
    key, score = json.loads(out)
    assert key["column"] == "instruction_id"
    assert [source["column"] for source in key["sources"]] == ["instruction_id"]
    assert score["type"] == "DOUBLE"
    (source,) = score["sources"]
    assert (source["reference"], source["kind"], source["name"]) == ("p@1", "score", "quality")
    assert len(source["identity_sha256"]) == 64


def test_columns_are_a_table_for_a_person(home: Path) -> None:
    code, out, _ = run(home, "explain", "random", "p", "--budget", "3", "--columns")
    assert code == DONE
    head, rule, *rows = out.splitlines()
    assert head.split() == ["column", "type", "comes", "from", "through"]
    assert [row.split()[1] for row in rows] == ["BIGINT", "DOUBLE"]
    assert len(rule) <= 80


def test_the_stored_selection_of_a_subset_is_explained_as_it_was_written(home: Path) -> None:
    code, out, _ = run(home, "explain", "best@1")
    assert code == DONE
    assert "-- summary: Take the longest responses" in out
    assert "$budget = 3" in out


@pytest.mark.parametrize(
    "words",
    [
        ("best", "--budget", "3"),
        ("best", "--seed", "3"),
        ("best", "--columns", "--sql"),
        ("best", "--columns", "--dialect", "spark"),
        ("best", "--dialect", "klingon"),
    ],
)
def test_options_that_mean_nothing_are_refused(home: Path, words: tuple[str, ...]) -> None:
    assert run(home, "explain", *words)[0] == USAGE


def test_a_stored_selection_is_written_for_another_engine(home: Path) -> None:
    code, out, _ = run(home, "explain", "best", "--dialect", "clickhouse")
    assert code == DONE
    head, table, *query = out.splitlines()
    assert head.startswith("--")
    assert table.startswith("-- score_quality: catalog sql ")
    assert query[-1].split() == ["LIMIT", "3"]


def test_a_selection_that_computes_has_no_text_for_another_engine(home: Path) -> None:
    options = ("--budget", "3", "--dialect", "spark")
    code, out, err = run(home, "explain", "instag", "p", *options)
    assert (code, out) == (1, "")
    assert "instag.sql:7:6" in err


def test_a_subset_that_is_not_there_is_named(home: Path) -> None:
    code, _, err = run(home, "explain", "nothing", "--columns")
    assert code == 1
    assert "nothing" in err
    assert "Traceback" not in err
