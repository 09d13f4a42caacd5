"""The registry of export formats: one file a format, in this package or in another."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import catalog.export
from catalog.errors import OptionError
from catalog.export.registry import (
    DEFAULT,
    REGISTRY,
    exporter,
    exporter_named,
    exporter_names,
    exporters,
    folder_formats,
)
from tests.distributions import install

FOLDER = Path(catalog.export.__path__[0])

PLUGIN = '''
from catalog.export import FolderTarget, SideFile, exporter
from catalog.export.record import Encoded


@exporter("telegram", layout="lines", suffixes=(".telegram",), loses="everything but the prompt")
def telegram(record, survey):
    """Return the first message as a telegram."""
    return Encoded([{"stop": record.messages[0].content}])


def side_files(target):
    return [SideFile(target.folder / "note.txt", lambda survey: f"{target.name} by post")]


@exporter("post", layout="folder", side_files=side_files, loses="everything but the prompt")
def post(record, survey):
    """Return the first message as a letter."""
    return Encoded([{"letter": record.messages[0].content}])
'''


def test_every_format_stands_in_the_file_of_its_name() -> None:
    for item in exporters():
        assert item.function.__module__ == f"catalog.export.{item.name}"
        assert (FOLDER / f"{item.name}.py").is_file()


def test_every_format_says_what_it_writes_and_what_it_loses() -> None:
    items = exporters()
    assert len({item.summary for item in items}) == len(items)
    assert all(item.summary.endswith(".") and item.loses for item in items)
    assert [item.name for item in items if item.layout == "folder"] == list(folder_formats())
    assert exporter_named(DEFAULT).suffixes


def test_two_formats_of_one_name_are_refused() -> None:
    with pytest.raises(OptionError, match=r"alpaca.*catalog\.export\.alpaca.*test_registry"):
        exporter("alpaca", layout="lines", loses="")(lambda record, survey: None)
    assert REGISTRY["alpaca"].layout == "array"


def test_a_format_that_does_not_exist_is_refused_with_the_names() -> None:
    with pytest.raises(OptionError, match=", ".join(exporter_names())):
        exporter_named("csv")


def run(folder: Path, *arguments: str) -> str:
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from catalog.cli import main; main()"
    command = [sys.executable, "-c", code, "--home", str(folder / "home"), *arguments]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.slow
def test_the_formats_of_another_distribution_are_found(tmp_path: Path) -> None:
    entry_points = "[catalog.exporters]\ntelegram = telegram_export:telegram\n"
    files = {"telegram_export.py": PLUGIN}
    site = install(tmp_path, "telegram_export", "1.2", files, entry_points=entry_points)
    pool = tmp_path / "pool.jsonl"
    pool.write_text('{"instruction": "q", "output": "a"}\n')
    run(site, "register", str(pool), "--pool", "p")
    run(site, "export", "p", "-o", str(tmp_path / "a.telegram"))
    assert json.loads((tmp_path / "a.telegram").read_text()) == {"stop": "q"}
    run(site, "export", "p", "--format", "post", "--name", "x", "-o", str(tmp_path / "mail"))
    assert json.loads((tmp_path / "mail" / "x.jsonl").read_text()) == {"letter": "q"}
    assert (tmp_path / "mail" / "note.txt").read_text() == "x by post"
    assert "telegram" in run(site, "export", "--help")
