"""Runs the command line on the catalog of a test, and on a terminal."""

import os
import pty
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main

Run = Callable[..., Result]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
MARK = "\x1e"
"""What no command prints: it follows what was written so far."""


@pytest.fixture
def run(catalog: Catalog) -> Run:
    """Runs a command on `catalog`."""

    def run(*arguments: str, **options: Any) -> Result:
        words = ["--home", str(catalog.store.path), "--wait", "1", *arguments]
        return CliRunner().invoke(main, words, **options)

    return run


@contextmanager
def terminal(monkeypatch: pytest.MonkeyPatch, columns: int = 80) -> Iterator[Callable[[], str]]:
    """Make this process's output a terminal; the value reads what came since its last call."""
    mine, theirs = pty.openpty()
    unread = b""

    def screen() -> str:
        nonlocal unread
        print(MARK, end="", file=file, flush=True)
        while MARK.encode() not in unread:  # the kernel hands texts on late, and in parts
            unread += os.read(mine, 65536)
        text, _, unread = unread.partition(MARK.encode())
        return text.decode().replace("\r\n", "\n")

    with (
        os.fdopen(theirs, "w", encoding="utf-8", buffering=1) as file,
        monkeypatch.context() as patch,
    ):
        patch.setenv("COLUMNS", str(columns))
        patch.setattr(sys, "stdout", file)
        patch.setattr(sys, "stderr", file)
        yield screen
    os.close(mine)
