"""A project: two pools, a selector file, a test, and a project file."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main
from tests.conftest import pairs

Run = Callable[..., Result]

PROJECT = """\
pools:
  p: {files: [p.jsonl, r.jsonl], licence: MIT}
  q: {files: [q.jsonl], purpose: eval}
signals:
  - {score: p, names: length}
selections:
  drawn: {selector: random, from: p, budget: 50%, seed: 1}
  long: {selector: long.sql, from: p, budget: 4, clean_of: q}
  'study-{selector}-b{budget}': {selector: [random, long.sql], from: p, budget: 3}
mixtures:
  'mix-{p}': {budget: 8, parts: {p: [50%, 75%], 'drawn:long.sql': rest*3}}
splits:
  p: {from: p, by: source, into: {val: 5, train: rest}}
exports:
  out/drawn.jsonl: drawn
"""
LONG = """\
-- summary: The longest responses.
SELECT instruction_id, length FROM scores($pool) ORDER BY length DESC LIMIT $budget
"""
EMPTY = """\
-- name: no_empty_response
-- on: drawn
SELECT fingerprint FROM pool($on) WHERE length(response) = 0
"""


def write(path: Path, records: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder of a project of twelve records."""
    folder = tmp_path / "project"
    (folder / "tests").mkdir(parents=True)
    write(folder / "p.jsonl", pairs(8))
    write(folder / "r.jsonl", pairs(4, first=8))
    write(folder / "q.jsonl", pairs(2, first=100))
    (folder / "catalog.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "long.sql").write_text(LONG, encoding="utf-8")
    (folder / "tests" / "empty.sql").write_text(EMPTY, encoding="utf-8")
    return folder


def runner(catalog: Catalog, folder: Path) -> Run:
    """Return what runs a command of a catalog on the project of a folder."""

    def run(command: str, *arguments: str) -> Result:
        words = ["--home", str(catalog.store.path), "--wait", "1", command, *arguments]
        return CliRunner().invoke(main, [*words, "-f", str(folder / "catalog.yaml")])

    return run


@pytest.fixture
def run(catalog: Catalog, project: Path) -> Run:
    """Runs a command on the project."""
    return runner(catalog, project)


@pytest.fixture(scope="session")
def built_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs it keeps a project that is built."""
    return tmp_path_factory.mktemp("built")


@pytest.fixture
def built(catalog: Catalog, project: Path, built_folder: Path, run: Run) -> Run:
    """Runs a command on the project, which is built."""
    kept = built_folder / "home"
    if kept.is_dir():
        for name, target in (("home", catalog.store.path), ("project", project)):
            shutil.rmtree(target)
            shutil.copytree(built_folder / name, target)
    else:
        answer = run("build")
        assert answer.exit_code == 0, answer.output
        shutil.copytree(catalog.store.path, kept)
        shutil.copytree(project, built_folder / "project")
    return run
