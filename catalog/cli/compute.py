"""Making what a selection needs and is not there: the commands that a user would type, one after the other."""

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
    """Run the commands that make what a selection needs and is not there; what they print is narration.

    Args:
        catalog: where.
        selector: the method.
        source: the pool or subset that it selects from.
        selection: its budget, settings and seed.

    Raises:
        SignalError: something is missing that no command here can compute; nothing was then computed.
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
