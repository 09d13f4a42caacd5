"""Computing the signals that a selection needs, in order, before it runs."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

from catalog.catalog import Catalog
from catalog.cli.losses import echo_trained
from catalog.cli.output import say
from catalog.cli.progress import progress_bar
from catalog.cli.reports import echo_report
from catalog.cli.scores import echo_scores
from catalog.command import Command
from catalog.errors import SignalError

if TYPE_CHECKING:
    from catalog.selection.selector import Selector


def compute_missing(
    catalog: Catalog, selector: str | Selector, source: str, **selection: Any
) -> None:
    """Compute the missing signals of a selection; reports go to stderr.

    Args:
        catalog: the catalog.
        selector: the name of the selector, its file, or the selector itself.
        source: the pool or subset to select from.
        selection: budget, settings and seed.

    Raises:
        SignalError: a signal can only be imported, or its command has a part to fill in. Nothing
            is computed then.
    """
    done: set[Command] = set()
    while needs := [
        need
        for need in catalog.explain(selector, source, **selection).needs
        if need.n_missing and need.command not in done
    ]:
        imported = [need for need in needs if not need.is_computed or need.command.needs_file]
        if imported:
            steps = [
                f"{need.title}, which `{need.command}` {need.command.verb}" for need in imported
            ]
            raise SignalError(
                f"{_name(selector)} needs what cannot be computed here: {'; '.join(steps)}",
                command=imported[0].command,
            )
        done.add(needs[0].command)
        _run(catalog, needs[0].command)


def _name(selector: str | Selector) -> str:
    return selector if isinstance(selector, str) else selector.name


def _run(catalog: Catalog, command: Command) -> None:
    """Run one command through the Python API, and report on it as the command would."""
    from catalog.compute.losses.train import TrainedLosses
    from catalog.compute.scores import Scoring

    say(f"$ {command}")
    with progress_bar(str(command), unit="tokens") as bar:
        answer = command.run(catalog, progress=bar)
    with redirect_stdout(sys.stderr):
        if isinstance(answer, TrainedLosses):
            echo_trained(answer, is_json=False)
        elif isinstance(answer, Scoring):
            echo_scores(answer)
        else:
            echo_report(answer, is_json=False)
