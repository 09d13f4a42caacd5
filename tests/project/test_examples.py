"""Example files: they parse, and their commands have the options that there are."""

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalog.cli import main
from tests.pages import DOCS

FILES = sorted(
    set((DOCS / "examples").glob("*.y*ml")) - {DOCS / "examples" / "ray-kubernetes.yaml"}
)


def commands(value: Any) -> Iterator[str]:
    """Yield the commands of a workflow or of hooks."""
    if isinstance(value, dict):
        yield from (value[key] for key in ("run", "entry") if key in value)
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from commands(each)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_commands_of_an_example_parse(file: Path) -> None:
    found = [shlex.split(each) for each in commands(yaml.safe_load(file.read_text("utf-8")))]
    ours = [words[1:] for words in found if words[0] == "catalog"]
    assert len(ours) >= 3
    for name, *arguments in ours:
        main.commands[name].make_context(name, arguments)
