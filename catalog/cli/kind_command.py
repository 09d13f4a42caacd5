"""Command of a kind of signal, from its `SignalKind`."""

from __future__ import annotations

from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.declared_options import add_options
from catalog.cli.group import json_option
from catalog.cli.options import engine_options, limit_option, pass_catalog
from catalog.cli.progress import progress_bar
from catalog.cli.reports import echo_report
from catalog.signals.signal_kind import SignalKind


def kind_command(kind: SignalKind) -> click.Command:
    """Return the command that computes signals of a kind.

    >>> from catalog.signals.kinds import KINDS
    >>> [option.name for option in kind_command(KINDS["embedding"]).params][:3]
    ['pool', 'encoder', 'field']
    """
    assert kind.computation is not None  # it has such a command
    assert kind.command is not None
    unit = kind.computation.unit

    @click.command(name=kind.command.words[-1], help=kind.computation.help)
    @click.argument("pool")
    @add_options(kind.computation.inputs)
    @add_options(kind.options)
    @limit_option
    @engine_options
    @json_option
    @pass_catalog
    def command(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
        with progress_bar(f"{kind.noun} of {pool}", unit=unit) as bar:

            def progress(done: int, total: int, tokens: int) -> None:
                bar(done, total, tokens if unit == "tokens" else done)

            report = catalog.compute(kind.name, pool, progress=progress, **options)
        echo_report(report, is_json=is_json)

    return command
