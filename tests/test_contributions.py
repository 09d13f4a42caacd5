"""The six contributions of the documentation work as they stand there, in as many files."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import DOCS, ROOT

PAGE = (DOCS / "six-contributions.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| \[([\w ]+)\]\(#an?-[\w-]+\) \| (\d+) \| (\d+) \|$", flags=re.MULTILINE)
BLOCK = re.compile(r"^```\w+\n(?:#|--) (\S+\.\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## An? (.+?)$(.*?)(?=^## |\Z)", flags=re.MULTILINE | re.DOTALL)
FOLDERS = ("catalog", "migrations", "selectors", "sql", "tests")


def contributions() -> Iterator[tuple[str, dict[str, str]]]:
    for name, text in SECTION.findall(PAGE):
        yield name, dict(BLOCK.findall(text))


def test_the_table_counts_the_files_of_each_contribution() -> None:
    counted = {}
    for name, files in contributions():
        n_tests = sum(path.startswith("tests/") for path in files)
        counted[name] = (len(files) - n_tests, n_tests)
    assert counted == {name: (int(n), int(tests)) for name, n, tests in ROW.findall(PAGE)}
    assert len(counted) == 6
    assert counted["signal kind"][0] <= 3


@pytest.mark.slow
def test_every_contribution_is_made_of_new_files_whose_tests_pass(tmp_path: Path) -> None:
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    tests: list[str] = []
    for _, files in contributions():
        for path, code in files.items():
            assert not (tmp_path / path).exists(), path
            (tmp_path / path).write_text(code, encoding="utf-8")
            tests += [path] if path.startswith("tests/") else []
    registries = ("tests/signals/test_options.py", "tests/query/test_stubs.py")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    answer = subprocess.run(
        [*command, *tests, *registries],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout
