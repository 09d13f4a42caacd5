"""Computation of the missing signals of a selection, by the commands that a user would type."""

from __future__ import annotations

import shlex
import sys
from contextlib import redirect_stdout
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import run_command
from catalog.cli.output import say
from catalog.errors import SignalError


def compute_missing(catalog: Catalog, selector: str, source: str, **selection: Any) -> None:
    """Run the commands that compute the missing signals of a selection, with output on stderr.

    Args:
        catalog: the catalog.
        selector: the name of the selector, or its file.
        source: the pool or subset to select from.
        selection: budget, settings and seed.

    Raises:
        SignalError: no command can compute one of the missing signals. Nothing is computed then.
    """
    done: set[str] = set()
    while needs := [
        need
        for need in catalog.explain(selector, source, **selection).needs
        if need.n_missing and need.command not in done
    ]:
        brought = [
            f"{need.title}, which `{need.command}` brings in"
            for need in needs
            if not need.is_computed
        ]
        if brought:
            raise SignalError(
                f"{selector} needs what cannot be computed here: {'; '.join(brought)}"
            )
        done.add(needs[0].command)
        say(f"$ {needs[0].command}")
        with redirect_stdout(sys.stderr):
            run_command(click.get_current_context(), shlex.split(needs[0].command)[1:])
