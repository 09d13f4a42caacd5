"""Benchmarks that go on where they were, as the commands that people run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

SCRIPT = """
import os, sys
from pathlib import Path
sys.path.insert(0, {benchmarks!r})
import kept
kept.FOLDER = Path("measured")
from pairs import alternate, arguments, report

def side(name):
    def run(turn):
        with open("turns.txt", "a") as file:
            print(name, turn, file=file)
        if name == "theirs" and turn == int(os.environ.get("KILLED_IN", -1)):
            os._exit(9)
        return {{"answer": turn}}
    return run

options = arguments("a benchmark", pairs=3)
ours, theirs, figures = alternate(side("ours"), side("theirs"), pairs=options.pairs)
turns = [each["answer"] for each in ours]
sys.exit(report([{{"what": "turns", "turns": turns, **figures, "is_met": True}}], options.json))
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "turns.py"
    path.write_text(SCRIPT.format(benchmarks=str(BENCHMARKS)), encoding="utf-8")
    return path


def run(script: Path, *options: str) -> int:
    command = [sys.executable, str(script), "--json", "rows.json", *options]
    return subprocess.run(command, check=False, capture_output=True).returncode


def turns(script: Path) -> list[str]:
    return (script.parent / "turns.txt").read_text(encoding="utf-8").splitlines()


def rows(script: Path) -> list[dict[str, object]]:
    document = json.loads((script.parent / "rows.json").read_text(encoding="utf-8"))
    found: list[dict[str, object]] = document["rows"]
    return found


def test_a_benchmark_that_was_killed_measures_only_the_pairs_that_are_left(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILLED_IN", "1")
    assert run(script) == 9
    assert turns(script) == ["ours 0", "theirs 0", "ours 1", "theirs 1"]
    monkeypatch.delenv("KILLED_IN")
    assert run(script) == 0
    assert turns(script)[4:] == ["ours 1", "theirs 1", "ours 2", "theirs 2"]
    assert [(row["turns"], row["pairs"]) for row in rows(script)] == [([0, 1, 2], 3)]


def test_a_benchmark_that_has_ended_is_not_run_again_and_more_pairs_are_added(
    script: Path,
) -> None:
    assert run(script, "--pairs", "1") == 0
    before = rows(script)
    assert run(script, "--pairs", "1") == 0
    assert rows(script) == before
    assert turns(script) == ["ours 0", "theirs 0"]
    assert run(script, "--pairs", "2") == 0
    assert turns(script)[2:] == ["ours 1", "theirs 1"]
    assert [row["pairs"] for row in rows(script)] == [2]


def test_other_code_is_measured_anew(script: Path) -> None:
    assert run(script, "--pairs", "1") == 0
    script.write_text(script.read_text(encoding="utf-8") + "\nOTHER = 1\n", encoding="utf-8")
    assert run(script, "--pairs", "1") == 0
    assert turns(script) == ["ours 0", "theirs 0"] * 2


def test_another_header_or_comment_measures_nothing_anew(script: Path) -> None:
    assert run(script, "--pairs", "1") == 0
    text = script.read_text(encoding="utf-8")
    script.write_text(f'"""What bounds it."""\n{text}\n# said\n', encoding="utf-8")
    assert run(script, "--pairs", "1") == 0
    assert turns(script) == ["ours 0", "theirs 0"]


def test_the_command_of_a_report_names_no_folder_of_the_machine(
    script: Path, tmp_path: Path
) -> None:
    text = script.read_text(encoding="utf-8")
    script.write_text(text.replace("pairs=3)", 'pairs=3, folder={"type": Path})'), encoding="utf-8")
    assert run(script, "--folder", str(tmp_path / "mine")) == 0
    text = (tmp_path / "rows.json").read_text(encoding="utf-8")
    assert json.loads(text)["command"].split()[2:] == ["--folder", "mine"]
    assert str(tmp_path) not in text
