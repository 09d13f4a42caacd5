import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest

from catalog.errors import SourceError
from catalog.pools.read_batches import FileReport, read_batches
from catalog.pools.sources import resolve


def rows(n: int, *, first: int = 0) -> list[dict[str, str]]:
    return [{"instruction": f"q{i}", "output": f"a{i}"} for i in range(first, first + n)]


def save_to_disk(folder: Path, parts: Sequence[list[dict[str, str]]]) -> None:
    """What `datasets.Dataset.save_to_disk` writes."""
    folder.mkdir(parents=True)
    names = [f"data-{n:05}-of-{len(parts):05}.arrow" for n in range(len(parts))]
    for name, part in zip(names, parts, strict=True):
        table = pa.Table.from_pylist(part)
        with (
            pa.OSFile(str(folder / name), "wb") as target,
            pa.ipc.new_stream(target, table.schema) as writer,
        ):
            writer.write_table(table)
    (folder / "dataset_info.json").write_text('{"features": {"instruction": {"dtype": "string"}}}')
    state = {
        "_data_files": [{"filename": name} for name in names],
        "_split": None,
        "_format_columns": None,
    }
    (folder / "state.json").write_text(json.dumps(state))


def read(source: Path) -> tuple[list[dict[str, Any]], list[FileReport]]:
    files: list[FileReport] = []
    found = [
        row
        for batch in read_batches([str(source)], report=files.append)
        for row in batch.instructions.to_pylist()
    ]
    return found, files


def prompts(found: list[dict[str, Any]]) -> list[str]:
    return [row["messages"][0]["content"] for row in found]


def refusal(source: Path) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read(source)
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as a repository of data has it."""
    names = (
        "b.jsonl",
        "a/2.jsonl",
        "a/1.csv",
        "a b.jsonl",
        "README.md",
        "LICENSE",
        "p.png",
        ".hidden.jsonl",
        ".git/a.jsonl",
    )
    for name in names:
        path = tmp_path / "repository" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "instruction,output\nq,a\n"
            if name.endswith(".csv")
            else '{"instruction": "q", "output": "a"}\n'
        )
    return tmp_path / "repository"


def test_a_folder_is_its_data_files_by_name(folder: Path) -> None:
    _, files = read(folder)
    assert [Path(file.file).relative_to(folder).as_posix() for file in files] == [
        "a/1.csv",
        "a/2.jsonl",
        "a b.jsonl",
        "b.jsonl",
    ]


def test_what_a_folder_leaves_out_is_counted_and_named_once(folder: Path) -> None:
    _, files = read(folder)
    notes = [note for file in files for note in file.notes]
    assert len(notes) == 1
    for part in (
        "2 hidden",
        ".hidden.jsonl",
        ".git/",
        "3 without",
        "README.md",
        "LICENSE",
        "p.png",
    ):
        assert part in notes[0]


def test_a_folder_of_many_strangers_names_ten(tmp_path: Path) -> None:
    for n in range(30):
        (tmp_path / f"{n:02}.png").write_text("")
    error = refusal(tmp_path)
    assert error.reason == "is_directory"
    assert "20 more" in str(error)
    assert "09.png" in str(error)
    assert "10.png" not in str(error)


def test_a_data_file_of_a_folder_that_holds_no_records_stops_the_load(folder: Path) -> None:
    (folder / "config.json").write_text('{"hidden_size": 64}')
    assert refusal(folder).reason == "unknown_shape"
    assert str(folder / "config.json") in str(refusal(folder))


def test_a_pipe_or_a_link_to_a_folder_is_left_out(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(folder / "pipe.jsonl")
    (folder / "link").symlink_to(folder / "a")
    (folder / "linked.jsonl").symlink_to(folder / "b.jsonl")
    found, files = read(folder)
    assert len(found) == len(files) == 5
    assert "link/" in files[0].notes[0]
    assert "pipe.jsonl" in files[0].notes[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list every folder")
def test_a_folder_that_cannot_be_listed_stops_the_load(folder: Path) -> None:
    (folder / "a").chmod(0)
    assert refusal(folder).reason == "unreadable"


def test_a_saved_dataset_is_read_in_its_own_order_and_bears_its_name(tmp_path: Path) -> None:
    saved = tmp_path / "chats"
    save_to_disk(saved, [rows(3), rows(2, first=3)])
    (saved / "cache-0123.arrow").write_bytes((saved / "data-00000-of-00002.arrow").read_bytes())
    state = json.loads((saved / "state.json").read_text())
    state["_data_files"].reverse()
    (saved / "state.json").write_text(json.dumps(state))
    found, files = read(saved)
    assert prompts(found) == ["q3", "q4", "q0", "q1", "q2"]
    assert {row["source"] for row in found} == {"chats"}
    assert {(file.container, file.shape) for file in files} == {("arrow", "alpaca")}
    assert "cache-0123.arrow" in files[0].notes[0]


def test_the_splits_of_a_saved_dataset_dict_are_its_sources(tmp_path: Path) -> None:
    saved = tmp_path / "chats"
    save_to_disk(saved / "train", [rows(3)])
    save_to_disk(saved / "test", [rows(1, first=9)])
    (saved / "dataset_dict.json").write_text('{"splits": ["train", "test"]}')
    found, _ = read(saved)
    assert [(row["source"], row["messages"][0]["content"]) for row in found] == [
        ("test", "q9"),
        ("train", "q0"),
        ("train", "q1"),
        ("train", "q2"),
    ]


def test_a_saved_dataset_that_lacks_a_part_or_has_indices_is_refused(tmp_path: Path) -> None:
    saved = tmp_path / "chats"
    save_to_disk(saved, [rows(3), rows(2, first=3)])
    (saved / "data-00001-of-00002.arrow").unlink()
    assert refusal(saved).reason == "not_found"
    assert "data-00001-of-00002.arrow" in str(refusal(saved))
    state = {"_data_files": [], "_indices_data_files": [{"filename": "indices.arrow"}]}
    (saved / "state.json").write_text(json.dumps(state))
    assert refusal(saved).reason == "wrong_container"
    (saved / "state.json").write_text("[")
    assert refusal(saved).reason == "corrupt_archive"


def test_a_remote_folder_is_its_data_files_too(tmp_path: Path) -> None:
    memory = fsspec.filesystem("memory")
    save_to_disk(tmp_path / "train", [rows(2)])
    for path in (tmp_path / "train").iterdir():
        memory.pipe(f"/hub/data/train/{path.name}", path.read_bytes())
    memory.pipe("/hub/README.md", b"# Title")
    found = resolve(["memory://hub"])
    assert [(source.name, source.stem) for source in found] == [
        ("memory:///hub/data/train/data-00000-of-00001.arrow", "train")
    ]
    assert "README.md" in found[0].notes[0]
    assert (
        len(
            [
                row
                for batch in read_batches(["memory://hub"])
                for row in batch.instructions.to_pylist()
            ]
        )
        == 2
    )
