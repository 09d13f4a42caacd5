"""Files that appear whole or not at all."""

import gzip
import os
from pathlib import Path

import pytest

from catalog.errors import OptionError
from catalog.store.atomic import UNFINISHED, new_file, new_folder, opened


def test_a_file_appears_when_its_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    with new_file(path, overwrite=False) as temporary, opened(temporary) as file:
        file.write(b"line\n")
        assert not path.exists()
    assert path.read_bytes() == b"line\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_block_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), new_file(path, overwrite=True) as temporary:  # noqa: PT012
        temporary.write_text("new")
        1 / 0  # noqa: B018
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
    assert not UNFINISHED


def test_the_file_and_its_folder_are_synced_before_and_after_the_replacement(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    sync, replace = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        events.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")  # noqa: PTH112
        sync(descriptor)

    def replaced(source: Path, target: Path) -> None:
        events.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replaced)
    with new_file(tmp_path / "out", overwrite=False) as temporary:
        temporary.write_text("text")
    assert events == ["file", "replace", "folder"]


def test_a_file_that_came_up_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "out"
    with pytest.raises(OptionError, match="exists"), new_file(path, overwrite=False) as temporary:  # noqa: PT012
        temporary.write_text("mine")
        path.write_text("theirs")
    assert path.read_text() == "theirs"


def test_the_same_bytes_give_the_same_compressed_file(tmp_path: Path) -> None:
    for name in ("a.gz", "b.gz"):
        with opened(tmp_path / name, ending=".gz") as file:
            file.write(b"text")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert gzip.decompress((tmp_path / "a.gz").read_bytes()) == b"text"


def test_a_new_folder_goes_when_its_block_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "made"):
        1 / 0  # noqa: B018
    assert list(tmp_path.iterdir()) == []
