"""The measures of the house, on a small made-up project."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "benchmarks" / "house.py"
MODULE = '''"""What this module is."""


class Row:
    """Row of a table."""

    def value(self) -> int:
        """The value."""
        return 1 if self else 2

    def _hidden(self) -> None:
        """The private method."""


def read() -> int:
    """Read a row."""
    return 1


def rows() -> int:
    """Rows of a table."""
    return 1


def returned() -> int:
    """Returns a row."""
    return 1


def undocumented() -> int:
    return 1
'''
WIDE = "".join(f"x = '{'a' * n}'\n" for n in (94, 95))  # 100 and 101 columns
LONG = "def long():\n" + "    pass\n" * 60
SQL = """-- name: first
SELECT 'a;b' -- a comment; with a semicolon

-- name: second
SELECT 2;

SELECT 3
"""
Figures = dict[str, dict[str, float]]


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def measured(root: Path) -> tuple[Figures, str]:
    """Run the script on a project; return its figures and its table."""
    command = [sys.executable, SCRIPT, "--root", root, "--json", root / "figures.json"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads((root / "figures.json").read_text(encoding="utf-8")), answer.stdout


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> tuple[Figures, str]:
    root = tmp_path_factory.mktemp("project")
    files = {"catalog/rows.py": MODULE, "sql/queries.sql": SQL, "tests/test_rows.py": WIDE}
    files |= {"studies/long.py": LONG, "benchmarks/longer.py": "x = 1\n" * 301}
    write(root, files)
    return measured(root)


def test_public_docstrings_count_by_their_first_word(project: tuple[Figures, str]) -> None:
    catalog = project[0]["catalog"]
    assert catalog["public_docstrings"] == 6
    assert catalog["noun_phrases"] == 4  # the module, `value`, `rows` and `returned`


def test_lines_and_ternaries_count_by_lines_that_are_not_blank(
    project: tuple[Figures, str],
) -> None:
    catalog, tests = project[0]["catalog"], project[0]["tests"]
    assert catalog["code_lines"] == sum(bool(line.strip()) for line in MODULE.splitlines())
    assert catalog["ternaries_per_1000"] == 1000 / catalog["code_lines"]
    assert (catalog["wide_percent"], tests["wide_percent"]) == (0, 50)


def test_long_modules_and_functions_count_by_their_lines(project: tuple[Figures, str]) -> None:
    scripts = project[0]["studies and benchmarks"]
    assert (scripts["modules"], scripts["long_modules"]) == (2, 1)
    assert (scripts["functions_above_60"], scripts["functions_above_15"]) == (1, 1)
    assert project[0]["catalog"]["functions_above_15"] == 0


def test_a_semicolon_or_a_name_ends_a_statement(project: tuple[Figures, str]) -> None:
    assert project[0]["catalog"]["sql_statements"] == 3


def test_the_table_has_a_column_for_each_part(project: tuple[Figures, str]) -> None:
    figures, table = project
    head, *rows = table.strip().splitlines()
    assert head == f"| | {' | '.join(figures)} |"
    assert {row.count("|") for row in rows} == {head.count("|")}


def test_an_empty_project_has_no_shares(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    figures, _ = measured(tmp_path)
    assert {part["wide_percent"] for part in figures.values()} == {0}
