"""The lock of a project: the same members elsewhere, or the input that differs."""

import json
import shutil
from pathlib import Path

import pytest

from catalog import Catalog
from catalog.errors import ProjectError
from catalog.project.lock import read_lock, write_lock
from tests.conftest import pairs
from tests.project.conftest import Run, runner, write


def locked(run: Run) -> tuple[int, list[str], int]:
    """Build under the lock; return the exit code, the differences, and how much was made."""
    answer = run("build", "--locked", "--json")
    content = json.loads(answer.stdout)
    return answer.exit_code, content["differences"], len(content["made"])


@pytest.mark.slow
def test_a_lock_pins_files_members_and_values(built: Run, project: Path) -> None:
    lock = read_lock(project / "catalog.yaml")
    assert lock is not None
    assert len(lock) == 13
    assert len(lock["pool p"]["inputs"]["files"]["p.jsonl"]) == 64
    assert lock["pool p"]["inputs"]["licence"] == "MIT"
    assert len(lock["subset drawn"]["result"]["members_sha256"]) == 64
    (signal,) = lock["signal score p length"]["result"].values()
    assert len(signal["values_sha256"]) == 64
    assert locked(built) == (0, [], 0)


@pytest.mark.slow
def test_a_difference_from_the_lock_is_named(built: Run, project: Path) -> None:
    file = project / "catalog.yaml"
    lock = read_lock(file)
    assert lock is not None
    lock["subset drawn"]["result"]["members_sha256"] = "0" * 64
    write_lock(file, lock)
    code, found, _ = locked(built)
    assert (code, len(found), found[0].partition(":")[0]) == (3, 1, "subset drawn")
    assert read_lock(file) == lock
    lock["pool p"]["inputs"]["files"]["p.jsonl"] = "0" * 64
    write_lock(file, lock)
    code, found, n_made = locked(built)
    assert (code, n_made) == (3, 0)
    assert [each.split(" was ")[0] for each in found] == ["pool p: files p.jsonl"]


@pytest.mark.slow
def test_another_machine_builds_the_same_or_stops_at_the_file_that_differs(
    built: Run, project: Path, new_home: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(project, tmp_path / "elsewhere" / "project")
    shutil.rmtree(folder / "out")
    home = tmp_path / "elsewhere" / "home"
    other = Catalog.open(shutil.copytree(new_home, home), isolated=False)
    write(folder / "p.jsonl", pairs(9))
    code, found, n_made = locked(runner(other, folder))
    assert (code, len(found), n_made) == (3, 1, 0)
    write(folder / "p.jsonl", pairs(8))
    assert locked(runner(other, folder)) == (0, [], 13)
    write(folder / "q.jsonl", pairs(3, first=200))
    assert runner(other, folder)("build").exit_code == 0
    assert locked(runner(other, folder)) == (0, [], 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"lock": 2, "nodes": {}}',
        '{"lock": 1}',
        "{",
        '{"lock": 1, "nodes": {"pool p": 3}}',
        '{"lock": 1, "nodes": {"pool p": {"inputs": {}}}}',
    ],
)
def test_a_lock_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.lock").write_text(text)
    with pytest.raises(ProjectError, match=r"catalog\.lock"):
        read_lock(tmp_path / "catalog.yaml")


def test_without_a_lock_there_is_nothing_to_compare_with(run: Run) -> None:
    answer = run("build", "--locked")
    assert answer.exit_code == 1
    assert "catalog.lock" in answer.stderr
