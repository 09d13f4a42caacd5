"""Building a project: what is made, what stays, and what a change touches."""

import json
import os
import shutil
from pathlib import Path

import pytest

from catalog import Catalog
from tests.conftest import pairs
from tests.project.conftest import PROJECT, Run, runner, write

SMALL = """\
pools: {p: p.jsonl}
selections: {drawn: {selector: random, from: p, budget: 50%}}
exports: {out/drawn.jsonl: drawn}
"""


def made(run: Run, *names: str) -> list[str]:
    """Build, and return the nodes that were made."""
    answer = run("build", *names, "--json")
    assert answer.exit_code == 0, answer.stderr
    return [each["node"] for each in json.loads(answer.stdout)["made"]]


def steps(run: Run) -> dict[str, tuple[str, list[str]]]:
    """Return the action and the reasons of each step of the plan that makes something."""
    answer = run("plan", "--json")
    assert answer.exit_code == 0, answer.stderr
    found = json.loads(answer.stdout)["steps"]
    return {
        step["node"]: (step["action"], step["why"]) for step in found if step["action"] != "keep"
    }


def hashes(catalog: Catalog) -> dict[str, str]:
    query = (
        "SELECT name, members_sha256 FROM subsets "
        "QUALIFY version = max(version) OVER (PARTITION BY name) ORDER BY name"
    )
    return dict(catalog.sql(query).rows())


def test_a_small_project_is_built_tested_and_then_current(
    run: Run, catalog: Catalog, project: Path
) -> None:
    (project / "catalog.yaml").write_text(SMALL)
    assert made(run) == ["pool p", "subset drawn", "export out/drawn.jsonl"]
    assert made(run) == []
    assert run("build", "--locked").exit_code == 0
    tested = run("test", "--json")
    assert [each["status"] for each in json.loads(tested.stdout)["results"]] == ["passed"]
    (project / "catalog.yaml").write_text(SMALL.replace("50%", "75%"))
    assert list(steps(run)) == ["subset drawn", "export out/drawn.jsonl"]


@pytest.mark.slow
def test_a_project_is_built_once_and_then_there_is_nothing_to_do(
    built: Run, catalog: Catalog, project: Path
) -> None:
    assert made(built) == []
    assert steps(built) == {}
    mixed = ["mix-50pct", "mix-50pct.drawn-long", "mix-75pct", "mix-75pct.drawn-long"]
    names = ["study-long-b3", "study-random-b3"]
    expected = ["drawn", "long", *mixed, "p-clean-of-q", "p.train", "p.val", *names]
    assert list(hashes(catalog)) == expected
    assert len((project / "out" / "drawn.jsonl").read_text().splitlines()) == 6
    assert [len(catalog.pool(f"p.{part}")) for part in ("val", "train")] == [4, 8]


@pytest.mark.slow
def test_an_empty_catalog_gets_a_plan_without_being_made(run: Run, catalog: Catalog) -> None:
    shutil.rmtree(catalog.store.path)
    found = steps(run)
    assert {action for action, _ in found.values()} == {"make"}
    assert len(found) == 13
    assert not catalog.store.path.exists()


@pytest.mark.slow
def test_a_changed_file_touches_only_what_reads_it(
    built: Run, catalog: Catalog, project: Path
) -> None:
    os.utime(project / "p.jsonl", (1, 1))
    assert steps(built) == {}
    write(project / "q.jsonl", [*pairs(2, first=100), {"instruction": "new", "output": "item"}])
    assert steps(built) == {
        "pool q": ("make", [steps(built)["pool q"][1][0]]),
        "subset p-clean-of-q": ("check", ["pool q changes"]),
        "subset long": ("check", ["subset p-clean-of-q changes"]),
    }
    before = hashes(catalog)
    assert made(built) == ["pool q", "subset p-clean-of-q", "subset long"]
    assert hashes(catalog) == before
    write(project / "r.jsonl", pairs(5, first=8))
    found = made(built)
    assert "subset p.val" in found
    assert "export out/drawn.jsonl" in found
    assert "pool q" not in found
    assert made(built) == []


@pytest.mark.slow
def test_a_changed_entry_or_selector_makes_its_subsets_again_and_their_order_is_the_newest(
    built: Run, catalog: Catalog, project: Path
) -> None:
    file = project / "catalog.yaml"
    file.write_text(PROJECT.replace("seed: 1", "seed: 2"))
    assert steps(built)["subset drawn"] == ("make", ["seed was 1, is 2"])
    before = hashes(catalog)["drawn"]
    mixtures = ["mixture mix-50pct", "mixture mix-75pct"]
    assert made(built) == ["subset drawn", *mixtures, "export out/drawn.jsonl"]
    file.write_text(PROJECT)
    assert made(built) == ["subset drawn", *mixtures, "export out/drawn.jsonl"]
    assert hashes(catalog)["drawn"] == before
    assert str(catalog.find("drawn")) == "drawn@3"
    selector = project / "long.sql"
    selector.write_text(selector.read_text() + "-- the end\n")
    assert made(built) == []
    selector.write_text(selector.read_text().replace("length DESC", "length"))
    others = [name for name in made(built) if "long" not in name]
    assert others == mixtures


@pytest.mark.slow
def test_names_build_what_they_are_made_from_and_nothing_else(run: Run, catalog: Catalog) -> None:
    assert made(run, "study-random-*") == [
        "pool p",
        "signal score p length",
        "subset study-random-b3",
    ]
    assert run("build", "nothing").exit_code == 1


@pytest.mark.slow
def test_a_file_that_no_build_wrote_is_kept(run: Run, project: Path) -> None:
    (project / "out").mkdir()
    (project / "out" / "drawn.jsonl").write_text("mine")
    answer = run("build", "out/drawn.jsonl")
    assert answer.exit_code == 1
    assert "catalog.yaml:15:3" in answer.stderr
    assert (project / "out" / "drawn.jsonl").read_text() == "mine"


@pytest.mark.slow
def test_an_export_that_was_changed_or_removed_is_written_again(built: Run, project: Path) -> None:
    file = project / "out" / "drawn.jsonl"
    text = file.read_text()
    file.write_text("changed")
    assert made(built) == ["export out/drawn.jsonl"]
    assert file.read_text() == text
    file.unlink()
    assert made(built) == ["export out/drawn.jsonl"]


@pytest.mark.slow
def test_a_pool_that_was_registered_by_hand_is_built_again(
    built: Run, catalog: Catalog, project: Path
) -> None:
    catalog.register(project / "p.jsonl", pool="p")
    assert steps(built)["pool p"][0] == "make"
    before = hashes(catalog)
    assert "pool p" in made(built)
    assert hashes(catalog) == before


@pytest.mark.slow
def test_another_folder_gives_the_same_members(
    built: Run, catalog: Catalog, project: Path, new_home: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(project, tmp_path / "elsewhere" / "project")
    shutil.rmtree(folder / "out")
    other = Catalog.open(shutil.copytree(new_home, tmp_path / "elsewhere" / "home"), isolated=False)
    assert len(made(runner(other, folder))) == 13
    assert hashes(other) == hashes(catalog)


@pytest.mark.slow
def test_an_export_that_a_killed_build_wrote_is_written_again(
    run: Run, catalog: Catalog, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        (project / "out" / "drawn.jsonl").write_text("as if it was written")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Catalog, "export", killed)
        assert run("build", "out/drawn.jsonl").exit_code == 130
    assert made(run, "out/drawn.jsonl") == ["export out/drawn.jsonl"]


def test_a_statement_that_ctrl_c_ends_is_an_interruption(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise RuntimeError("Query interrupted")  # as DuckDB does

    monkeypatch.setattr("catalog.project.plan.read_project", interrupted)
    answer = run("plan")
    assert (answer.exit_code, answer.stderr) == (130, "interrupted; committed work stays\n")


@pytest.mark.slow
def test_a_pool_and_its_subsets_that_were_dropped_are_built_again(
    built: Run, catalog: Catalog, project: Path
) -> None:
    before = hashes(catalog)
    for name in ("mix-50pct", "mix-75pct", "mix-50pct.drawn-long", "mix-75pct.drawn-long"):
        catalog.drop(name)
    for name in ("study-random-b3", "study-long-b3", "long", "drawn", "p.val", "p.train"):
        catalog.drop(name)
    for name in ("p-clean-of-q", "p"):
        catalog.drop(name)
    catalog.register(project / "q.jsonl", pool="p")
    assert "export out/drawn.jsonl" in made(built)
    assert hashes(catalog) == before
