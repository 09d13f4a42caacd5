"""Exports on the command line say which version they hold."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog import Catalog
from tests.cli.conftest import Run
from tests.copies import made_once
from tests.quick import one_in

pytestmark = pytest.mark.usefixtures("filled")


@pytest.fixture
@made_once
def filled(catalog: Catalog, jsonl: Callable[..., Path]) -> Catalog:
    """A pool of two versions and a subset of it."""
    for n in (4, 5):
        catalog.register(
            jsonl([{"instruction": f"question {i}", "output": f"answer {i}"} for i in range(n)]),
            pool="p",
        )
    catalog.select("random", "p", budget=3, name="drawn")
    return catalog


def test_an_export_says_which_version_it_holds(run: Run, tmp_path: Path) -> None:
    assert (
        run("export", "p", "-o", str(tmp_path / "a.jsonl")).stderr
        == f"p@2: 5 records as jsonl in {tmp_path / 'a.jsonl'}\n"
    )
    assert (
        json.loads(run("export", "p@1", "-o", str(tmp_path / "b.jsonl"), "--json").stdout)[
            "reference"
        ]
        == "p@1"
    )
    assert run("export", "drawn", "-o", "-").stderr.startswith("drawn@1: 3 records")


@pytest.mark.parametrize("format", one_in(3, ["jsonl", "parquet", "llamafactory"]))
def test_the_members_that_were_written_have_the_hash_of_the_subset(
    run: Run, tmp_path: Path, format: str
) -> None:
    exported = json.loads(
        run("export", "drawn", "--format", format, "-o", str(tmp_path / "out"), "--json").stdout
    )
    assert (
        exported["members_sha256"]
        == json.loads(run("show", "drawn", "--json").stdout)["members_sha256"]
    )


def test_two_versions_lie_in_one_folder_under_names_of_their_own(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    export = ("export", "--format", "llamafactory", "-o", str(folder))
    assert run(*export, "p@1").exit_code == 0
    refused = run(*export, "p@2")
    assert "already has an entry 'p'" in refused.stderr
    assert run(*export, "p@2", "--name", "p-2").exit_code == 0
    entries = json.loads((folder / "dataset_info.json").read_text())
    assert {name: entry["file_name"] for name, entry in entries.items()} == {
        "p": "p.jsonl",
        "p-2": "p-2.jsonl",
    }
    assert [len((folder / f"{name}.jsonl").read_text().splitlines()) for name in entries] == [4, 5]


@pytest.mark.parametrize("shape", [["--format", "jsonl"], ["--format", "parquet"], []])
def test_a_name_without_a_trainers_folder_is_refused(
    run: Run, tmp_path: Path, shape: list[str]
) -> None:
    answer = run("export", "p", "-o", str(tmp_path / "out"), "--name", "mine", *shape)
    assert answer.exit_code == 2
    assert "axolotl or llamafactory" in answer.stderr
    assert "mine" in answer.stderr
    assert not (tmp_path / "out").exists()


def test_the_selector_of_a_subset_says_whether_its_order_matters(
    run: Run, catalog: Catalog, tmp_path: Path
) -> None:
    text = "-- summary: x\n-- order: matters\nSELECT 1"
    export = ("export", "drawn", "--format", "axolotl", "--overwrite", "-o", str(tmp_path / "out"))
    for name, kept in (("confidence_curriculum", None), ("random", text)):
        with catalog.store.writing() as connection:
            connection.execute("UPDATE subsets SET selector = ?, selector_text = ?", [name, kept])
        assert run(*export).exit_code == 0
        assert "curriculum_sampling: true" in (tmp_path / "out" / "drawn.yaml").read_text()
        assert (
            "an order that matters"
            in run(
                "export", "drawn", "--format", "messages", "-o", str(tmp_path / "a.jsonl")
            ).stderr
        )
        assert (
            run(
                "export",
                "p",
                "--format",
                "messages",
                "--overwrite",
                "-o",
                str(tmp_path / "p.jsonl"),
            ).exit_code
            == 0
        )
        (tmp_path / "p.jsonl").unlink()


def test_a_trainer_is_given_the_paths_at_which_media_were_found(
    catalog: Catalog, jsonl: Callable[..., Path], tmp_path: Path
) -> None:
    records = [
        {"instruction": f"question {i}", "output": "answer", "images": [f"{i}.png"]}
        for i in range(2)
    ]
    data = jsonl(records)
    (data.parent / "0.png").write_bytes(b"png")
    catalog.register(data, pool="pictures")
    catalog.export("pictures", tmp_path / "out.jsonl", format="messages")
    found = [
        json.loads(line)["images"] for line in (tmp_path / "out.jsonl").read_text().splitlines()
    ]
    assert found == [[str(data.parent / "0.png")], ["1.png"]]
