"""Completion of commands and names, through the variables that a shell sets."""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from catalog import Catalog
from catalog.cli import main
from tests.copies import made_once

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
@made_once
def filled(catalog: Catalog, tmp_path: Path) -> Catalog:
    file = tmp_path / "pool.jsonl"
    file.write_text('{"instruction": "a", "output": "b"}\n', encoding="utf-8")
    scores = tmp_path / "scores.csv"
    scores.write_text("quality\n1\n", encoding="utf-8")
    for pool in ("alpaca", "belle"):
        catalog.register(file, pool=pool)
    catalog.tag("alpaca", "published")
    catalog.select("random", "alpaca", budget=1, name="drawn")
    catalog.import_scores("alpaca", scores, name="quality")
    return catalog


def completed(home: Path, *words: str) -> list[str]:
    """The values that bash is offered for the last word."""
    line = ["catalog", "--home", str(home), *words]
    environment = {
        "COMP_WORDS": "\n".join(line),
        "COMP_CWORD": str(len(line) - 1),
        "_CATALOG_COMPLETE": "bash_complete",
    }
    result = CliRunner().invoke(main, prog_name="catalog", env=environment)
    assert result.stderr == ""
    return [item.partition(",")[2] for item in result.stdout.split()]


def test_names_are_completed_where_a_command_takes_them(filled: Catalog, tmp_path: Path) -> None:
    home = filled.store.path
    assert completed(home, "show", "") == ["alpaca", "belle", "drawn"]
    assert completed(home, "compare", "belle", "al") == ["alpaca"]
    assert completed(home, "show", "alpaca@") == ["alpaca@1", "alpaca@published"]
    assert completed(home, "select", "s2") == ["s2l", "s2l_by_source"]
    assert completed(home, "select", "random", "d") == ["drawn"]
    assert completed(home, "score", "alpaca", "q") == ["quality"]
    assert completed(home, "compare", "drawn", "--depth", "") == ["quality"]
    assert completed(home, "compare", "drawn", "--score", "") == ["quality"]
    assert completed(home, "agreement", "alpaca", "q") == ["quality"]
    assert completed(home, "losses", "tr") == ["train"]
    mine = shutil.copy(ROOT / "sql" / "scores" / "length.sql", tmp_path / "mine.sql")
    filled.add_score(mine)
    assert completed(home, "scores", "remove", "") == ["mine"]
    assert completed(home, "scores", "drop", "") == ["quality"]
    assert completed(home, "selectors", "remove", "") == []
    assert completed(home, "selectors", "show", "k_c") == ["k_center"]


def test_where_a_subset_is_expected_no_pool_is_completed(filled: Catalog) -> None:
    home = filled.store.path
    for command in ("verify", "why", "refresh"):
        assert completed(home, command, "") == ["drawn"]
    assert completed(home, "why", "drawn@") == ["drawn@1"]


def test_a_name_is_completed_once(filled: Catalog, tmp_path: Path) -> None:
    (tmp_path / "depth.csv").write_text("depth\n1\n", encoding="utf-8")
    filled.import_scores("alpaca", tmp_path / "depth.csv", name="depth")
    assert completed(filled.store.path, "score", "alpaca", "depth") == ["depth", "depth_cheap"]


def test_no_catalog_and_a_damaged_one_complete_nothing(tmp_path: Path) -> None:
    assert completed(tmp_path / "none", "show", "") == []
    assert not (tmp_path / "none").exists()
    (tmp_path / "catalog.duckdb").write_bytes(b"damaged")
    assert completed(tmp_path, "show", "") == []
    assert completed(tmp_path, "select", "k_c") == []
    assert completed(tmp_path / "none", "select", "k_c") == ["k_center"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script(shell: str) -> None:
    script = CliRunner().invoke(main, ["completion", shell], catch_exceptions=False).stdout
    assert f"_CATALOG_COMPLETE={shell}_complete" in script
    assert ("COMP_WORDBREAKS" in script) == (shell == "bash")
    assert ("compinit" in script) == script.startswith("#compdef") == (shell == "zsh")


def test_a_shell_waits_for_at_most_four_times_the_import_of_the_database(filled: Catalog) -> None:
    environment = os.environ | {
        "COMP_WORDS": f"catalog\n--home\n{filled.store.path}\nshow\n",
        "COMP_CWORD": "4",
        "_CATALOG_COMPLETE": "zsh_complete",
        "PYTHONPATH": str(ROOT),
    }

    def run(*arguments: str) -> tuple[str, float]:
        """Return what Python prints, and the seconds of processor that it takes."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return process.stdout, seconds

    answer, seconds = run("-m", "catalog")
    assert answer.splitlines()[1] == "alpaca"
    assert seconds < 4 * run("-c", "import click, duckdb")[1]  # twice what it takes: 0.4 s
