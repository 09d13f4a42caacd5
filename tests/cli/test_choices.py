"""Choices that are looked up when a command runs, and a start-up without them."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from catalog.cli import main
from catalog.export.registry import exporter_names
from catalog.pools.formats.registry import format_names


def test_help_imports_no_format() -> None:
    code = (
        "import json, sys\n"
        "from catalog.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    modules = set(json.loads(answer.stderr.splitlines()[-1]))
    formats = {f"catalog.pools.formats.{name}" for name in format_names()}
    assert not modules & (formats | {f"catalog.export.{name}" for name in exporter_names()})


@pytest.mark.parametrize(
    ("command", "names"),
    [("register", ("auto", *format_names())), ("export", exporter_names())],
)
def test_the_help_of_a_command_lists_the_registered_names(
    command: str, names: tuple[str, ...]
) -> None:
    text = "".join(CliRunner().invoke(main, [command, "--help"]).stdout.split())
    assert f"[{'|'.join(names)}]" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("register", "x.jsonl", "--pool", "p", "--format", "nothing"),
        ("register", "x.jsonl", "--pool", "p", "--tree", "nothing"),
        ("export", "p", "-o", "x.jsonl", "--format", "nothing"),
    ],
)
def test_an_unknown_name_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    refused = CliRunner().invoke(main, arguments)
    assert refused.exit_code == 2
    assert "nothing" in refused.stderr
