"""The files of an export: they appear complete or not at all, in every format."""

import os
import signal
import stat

import pytest

from catalog.errors import OptionError
from catalog.export import export
from tests.export.conftest import ROW_FORMATS

FILES = ("jsonl", "alpaca", "sharegpt", "messages", "parquet")
FOLDERS = ("llamafactory", "axolotl")
ANSWERED = [
    format for format in ROW_FORMATS if format != "dpo"
]  # those of answers without rejected ones


def everything_in(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("format", FILES)
def test_an_existing_file_stays_unless_it_may_be_overwritten(
    tmp_path, row, batches, read_back, format
):
    path = tmp_path / "a"
    path.write_text("precious")
    with pytest.raises(OptionError, match="exists"):
        export(batches([row()]), format=format, path=path, name="a")
    assert path.read_text() == "precious"
    export(batches([row()]), format=format, path=path, name="a", overwrite=True)
    assert read_back(path) == [row()["fingerprint"]]


def test_a_file_that_comes_up_meanwhile_stays(tmp_path, row, batches):
    def slow():
        yield from batches([row()])()
        (tmp_path / "a").write_text("precious")

    with pytest.raises(OptionError, match="exists"):
        export(slow, format="jsonl", path=tmp_path / "a", name="a")
    assert (tmp_path / "a").read_text() == "precious"
    assert everything_in(tmp_path) == ["a"]


def test_overwriting_through_a_link_keeps_the_link(tmp_path, row, batches):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    export(batches([row()]), format="jsonl", path=tmp_path / "link", name="a", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert "2+2?" in (tmp_path / "real").read_text()


@pytest.mark.parametrize("format", ROW_FORMATS)
@pytest.mark.parametrize("failure", [ValueError("boom"), KeyboardInterrupt(), SystemExit(1)])
def test_nothing_is_left_behind_by_a_failure(tmp_path, row, batches, format, failure):
    def broken():
        yield from batches([row()])()
        raise failure

    with pytest.raises(type(failure)):
        export(broken, format=format, path=tmp_path / "a", name="a")
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("format", ROW_FORMATS)
def test_nothing_is_left_behind_by_ctrl_c(tmp_path, row, batches, format):
    def interrupted():
        yield from batches([row()])()
        os.kill(os.getpid(), signal.SIGINT)
        yield from batches([row()])()

    with pytest.raises(KeyboardInterrupt):
        export(interrupted, format=format, path=tmp_path / "a", name="a")
    assert everything_in(tmp_path) == []


@pytest.mark.parametrize("format", ANSWERED)
def test_a_failed_overwrite_leaves_what_was_there(tmp_path, row, batches, format):
    first = export(batches([row()]), format=format, path=tmp_path / "a", name="a")
    before = {path: path.read_bytes() for path in first.files}

    def broken():
        yield from batches([row(), row(system="Be kind.")])()
        raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        export(broken, format=format, path=tmp_path / "a", name="a", overwrite=True)
    assert {path: path.read_bytes() for path in first.files} == before
    assert all(not path.name.endswith(".part") for path in tmp_path.rglob("*"))


def test_while_it_is_written_the_file_is_not_there(tmp_path, row, batches):
    seen = []

    def watched():
        for batch in batches([row()])():
            seen.append((tmp_path / "a").exists())
            yield batch

    export(watched, format="jsonl", path=tmp_path / "a", name="a")
    assert seen == [False, False] * 2


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path, row, batches):
    export(batches([row()]), format="jsonl", path=tmp_path / "a", name="a")
    (tmp_path / "b").write_text("")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "b").stat().st_mode
    )


@pytest.mark.parametrize("format", ROW_FORMATS)
def test_a_missing_folder_is_named(tmp_path, row, batches, format):
    with pytest.raises(OptionError, match=r"missing does not exist"):
        export(batches([row()]), format=format, path=tmp_path / "missing" / "a", name="a")
    assert everything_in(tmp_path) == []


def test_a_folder_or_a_device_is_refused_as_a_file(tmp_path, row, batches):
    with pytest.raises(OptionError, match="is a folder: name a file in it"):
        export(batches([row()]), format="jsonl", path=tmp_path, name="a", overwrite=True)
    with pytest.raises(OptionError, match="not a regular file"):
        export(batches([row()]), format="jsonl", path="/dev/null", name="a", overwrite=True)


@pytest.mark.parametrize("format", FOLDERS)
def test_a_file_is_refused_as_a_folder(tmp_path, row, batches, format):
    (tmp_path / "a").write_text("precious")
    with pytest.raises(OptionError, match="is a file; this format writes a folder"):
        export(batches([row()]), format=format, path=tmp_path / "a", name="a", overwrite=True)
    assert (tmp_path / "a").read_text() == "precious"


@pytest.mark.parametrize("format", FOLDERS)
@pytest.mark.parametrize("name", ["", "../a", "a/b", ".a", "a b", "a,b"])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path, row, batches, format, name):
    with pytest.raises(OptionError, match="cannot name a data set"):
        export(batches([row()]), format=format, path=tmp_path / "a", name=name)
    assert everything_in(tmp_path) == []
