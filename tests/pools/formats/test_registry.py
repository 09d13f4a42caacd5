"""The registry of record formats: one file a format, in this package or in another."""

import json
import subprocess
import sys
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import catalog.pools.formats
from catalog.errors import OptionError
from catalog.pools.formats.registry import (
    REGISTRY,
    format_names,
    formats,
    named,
    record_format,
    record_formats,
)
from tests.distributions import install

FOLDER = Path(catalog.pools.formats.__path__[0])

PLUGIN = '''
from catalog.pools.conversation import Instruction
from catalog.pools.formats import record_format


@record_format(order=5)
def telegram(record):
    """Read a telegram: a question and its reply.

    A text.
    """
    if not isinstance(record, dict) or "stop" not in record:
        return None
    messages = [("user", record["ask"], None), ("assistant", record["stop"], None)]
    return Instruction(messages, None, None, {})
'''


def test_every_format_is_named_as_its_function() -> None:
    assert [named(name) for name in format_names()] == list(formats())
    assert [format_.__name__ for format_ in formats()] == list(format_names())
    assert named("auto") is None


def test_every_format_stands_in_the_file_of_its_name() -> None:
    for format_ in formats():
        assert isinstance(format_, FunctionType)
        assert format_.__module__ == f"catalog.pools.formats.{format_.__name__}"
        assert (FOLDER / f"{format_.__name__}.py").is_file()


def test_every_format_has_an_order_and_a_summary_of_its_own() -> None:
    items = record_formats()
    assert len({item.order for item in items}) == len(items)
    assert len({item.summary for item in items}) == len(items)
    assert all(item.summary.endswith(".") for item in items)


def test_two_formats_of_one_name_are_refused() -> None:
    def alpaca(record: Any) -> None:
        return None

    with pytest.raises(
        OptionError, match=r"alpaca.*catalog\.pools\.formats\.alpaca.*test_registry"
    ):
        record_format(order=1)(alpaca)
    assert REGISTRY["alpaca"].order != 1


def run(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); from catalog.cli import main; main()"
    command = [sys.executable, "-c", code, "--home", str(folder / "home"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_format_of_another_distribution_is_found(tmp_path: Path) -> None:
    entry_points = "[catalog.formats]\ntelegram = telegram_format\n"
    files = {"telegram_format.py": PLUGIN}
    folder = install(tmp_path, "telegram_format", "1.2", files, entry_points=entry_points)
    (folder / "pool.jsonl").write_text(json.dumps({"ask": "q", "stop": "a", "prompt": "p"}))
    answer = run(folder, "register", str(folder / "pool.jsonl"), "--pool", "p", "--json")
    assert answer.returncode == 0, answer.stderr
    (file,) = json.loads(answer.stdout)["files"]
    assert file["shape"] == "telegram"
    assert "telegram" in run(folder, "register", "--help").stdout


def test_a_distribution_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    entry_points = "[catalog.formats]\ntelegram = telegram_format\n"
    files = {"telegram_format.py": "1 / 0"}
    folder = install(tmp_path, "telegram_format", "1.2", files, entry_points=entry_points)
    answer = run(folder, "register", "pool.jsonl", "--pool", "p")
    assert answer.returncode == 2
    assert "telegram_format 1.2" in answer.stderr
    assert "catalog.formats" in answer.stderr
