"""Runs the command line on the catalog of a test."""

from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from catalog import Catalog
from catalog.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(catalog: Catalog) -> Run:
    """Runs a command on `catalog`."""

    def run(*arguments: str, **options: Any) -> Result:
        words = ["--home", str(catalog.store.path), "--wait", "1", *arguments]
        return CliRunner().invoke(main, words, **options)

    return run
