"""The README is a tutorial: its commands run, and what it documents is all there is."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.cli import main
from catalog.query.kernels import kernel_names
from catalog.query.sources import SOURCES
from catalog.selection.selector import read_selector
from catalog.store.paths import package_data_dir

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


def test_every_command_of_the_readme_runs(tmp_path: Path) -> None:
    commands = [
        line[2:]
        for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
        for line in block.splitlines()
        if line.startswith("$ ")
    ]
    assert len(commands) > 10
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    for command in commands:
        answer = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, f"{command}\n{answer.stdout}{answer.stderr}"
    (python,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    answer = subprocess.run(
        [sys.executable, "-c", python], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert re.search(rf"`[^`]*\b{command}\b[^`]*`", README)


def test_every_table_is_in_the_readme_with_its_columns(catalog: Catalog) -> None:
    with catalog.store.writing():
        pass
    with catalog.store.reading() as connection:
        rows = connection.sql(
            "SELECT table_name, string_agg(column_name, ', ' ORDER BY column_index) FROM duckdb_columns() WHERE NOT internal GROUP BY ALL"
        ).fetchall()
    documented = dict(re.findall(r"^\| `(\w+)` \| ([\w, ]+) \|$", README, re.MULTILINE))
    assert {table: documented.get(table) for table, _ in rows} == dict(rows)


@pytest.mark.parametrize("name", sorted({*kernel_names(), *SOURCES}))
def test_every_table_function_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`{name}\b[^`]*`", README)


@pytest.mark.parametrize(
    "path", sorted(package_data_dir("selectors").glob("*.sql")), ids=lambda path: path.stem
)
def test_every_selector_is_in_the_readme_and_cites_its_paper(path: Path) -> None:
    selector = read_selector(path.read_text(encoding="utf-8"), name=path.stem)
    assert f"| `{selector.name}` | {selector.summary} | {', '.join(selector.needs)} |" in README
    assert selector.paper
    assert all(param.meaning for param in selector.params)
