"""Tests of data: queries that must return no row."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from catalog import Catalog
from tests.project.conftest import Run

pytestmark = pytest.mark.slow
ALL = "-- on: drawn\nSELECT fingerprint, 1 AS n FROM pool($on)"


def results(run: Run, *arguments: str) -> tuple[int, dict[str, tuple[str, int]]]:
    """Run the tests, and return the exit code and what came of each."""
    answer = run("test", "--json", *arguments)
    every = json.loads(answer.stdout)["results"]
    found = {
        f"{each['name']} {each['reference']}": (each["status"], each["n_rows"]) for each in every
    }
    return answer.exit_code, found


def test_a_test_runs_on_each_of_its_subsets(built: Run, project: Path) -> None:
    file = project / "tests" / "empty.sql"
    file.write_text(file.read_text().replace("drawn", "drawn, study-*"))
    code, found = results(built)
    names = ["drawn", "study-long-b3", "study-random-b3"]
    assert code == 0
    assert found == {f"no_empty_response {name}": ("passed", 0) for name in names}


def test_rows_are_kept_until_the_test_passes(built: Run, catalog: Catalog, project: Path) -> None:
    file = project / "tests" / "all.sql"
    file.write_text(ALL)
    assert results(built, "all") == (3, {"all drawn": ("failed", 6)})
    kept = catalog.sql(
        "SELECT fingerprint, content ->> 'n' AS n FROM test_failures WHERE test = 'all' "
        "ORDER BY row_number"
    )
    assert kept["n"].to_list() == ["1"] * 6
    assert kept["fingerprint"].to_list() == catalog.pool("drawn")["fingerprint"].to_list()
    file.write_text(f"-- severity: warning\n{ALL}")
    assert results(built, "all") == (0, {"all drawn": ("failed", 6)})
    file.write_text(f"{ALL} WHERE false")
    assert results(built, "all") == (0, {"all drawn": ("passed", 0)})
    assert catalog.sql("SELECT count(*) AS n FROM test_failures")["n"].to_list() == [0]


@pytest.mark.parametrize(
    "text", ["DELETE FROM pools", "SELECT * FROM nothing", "-- on: none-*\nSELECT 1", "SELECT"]
)
def test_a_query_that_cannot_run_is_an_error_and_the_others_run(
    built: Run, project: Path, text: str
) -> None:
    (project / "tests" / "bad.sql").write_text(text)
    junit = project / "junit.xml"
    code, found = results(built, "--junit", str(junit))
    assert (code, found["bad None"], len(found)) == (1, ("error", 0), 2)
    suite = ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("2", "1", "0")


@pytest.mark.parametrize(
    ("text", "place"),
    [("-- severity: bad\n", ":1:4"), ("-- x\n-- severty: error\n", ":2:4"), ("-- name:\n", ":1:4")],
)
def test_a_wrong_header_has_a_place(built: Run, project: Path, text: str, place: str) -> None:
    (project / "tests" / "bad.sql").write_text(text + "SELECT 1")
    answer = built("test")
    assert answer.exit_code == 1
    assert f"tests/bad.sql{place}" in answer.stderr


def test_two_tests_of_one_name_are_refused(built: Run, project: Path) -> None:
    (project / "tests" / "second.sql").write_text("-- name: no_empty_response\nSELECT 1")
    assert built("test").exit_code == 1
