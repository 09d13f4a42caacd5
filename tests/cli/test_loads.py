"""Loads on the command line: what is refused, what a dry run says, what is restored."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from tests.cli.conftest import Run

Write = Callable[..., Path]


def pairs(n: int) -> list[dict[str, str]]:
    return [{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(n)]


def test_a_refused_load_names_the_numbers_and_both_ways_out(run: Run, jsonl: Write) -> None:
    run("register", str(jsonl(pairs(10))), "--pool", "p")
    smaller = str(jsonl(pairs(1)))
    refused = run("register", smaller, "--pool", "p")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert all(part in refused.stderr for part in ("9", "10", "--append", "--replace"))
    assert "mode=" not in refused.stderr
    assert run("register", smaller, "--pool", "p", "--append").exit_code == 0
    assert run("register", smaller, "--pool", "p", "--replace").exit_code == 0
    assert json.loads(run("pools", "--json").stdout)[0]["n_members"] == 1


@pytest.mark.usefixtures("empty_folder")
def test_every_load_takes_a_dry_run(
    run: Run, jsonl: Write, tmp_path: Path, catalog: Catalog
) -> None:
    file = str(jsonl(pairs(3)))
    dry = run("register", file, "--pool", "p", "--dry-run")
    assert (dry.exit_code, catalog.store.path.exists()) == (0, False)
    assert dry.stdout.startswith("would be p@1: 3 members")
    answer = json.loads(run("register", file, "--pool", "p", "--dry-run", "--json").stdout)
    assert (answer["is_dry_run"], answer["n_added"]) == (True, 3)
    run("register", file, "--pool", "p")
    (tmp_path / "scores.csv").write_text("quality\n1\n2\n3\n", encoding="utf-8")
    (tmp_path / "losses.csv").write_text("step_1,step_2\n3,2\n3,1\n2,1\n", encoding="utf-8")
    for command in (
        ("scores", "import", "p", str(tmp_path / "scores.csv"), "--name", "quality"),
        ("losses", "import", "p", str(tmp_path / "losses.csv"), "--proxy", "run"),
    ):
        assert "would be imported, 3 of 3 members" in run(*command, "--dry-run").stdout
        assert json.loads(run(*command, "--dry-run", "--json").stdout)["is_dry_run"]
    assert catalog.signals().is_empty()


def test_restore_says_what_it_did(run: Run, jsonl: Write) -> None:
    run("register", str(jsonl(pairs(10))), "--pool", "p")
    run("register", str(jsonl(pairs(1))), "--pool", "p", "--replace")
    assert run("restore", "p@1", "--dry-run").stdout.startswith(
        "would be p@3: 10 members, restored from p@1"
    )
    answer = json.loads(run("restore", "p@1", "--json").stdout)
    assert (
        answer["version"],
        answer["restored_from"],
        answer["n_added"],
        answer["is_new_version"],
    ) == (3, 1, 9, True)
    assert run("restore", "p@1").exit_code == 0
    assert json.loads(run("pools", "--json").stdout)[0]["version"] == 3
    assert run("restore", "q@1").exit_code == 1


@pytest.mark.usefixtures("empty_folder")
def test_restoring_in_an_empty_folder_makes_no_catalog(run: Run, catalog: Catalog) -> None:
    assert run("restore", "p@1").exit_code == 1
    assert not catalog.store.path.exists()
