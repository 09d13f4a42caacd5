"""Command group `runs`."""

from __future__ import annotations

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option, table_options
from catalog.cli.options import parse_lists, pass_catalog
from catalog.cli.output import echo_json, echo_rows, echo_text
from catalog.errors import OptionError


class ListsByDefault(click.Group):
    """Group that lists if its first word is not one of its commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command `list` in front of what names no command."""
        is_help = bool(args) and args[0] in ctx.help_option_names
        if not is_help and (not args or args[0] not in self.commands):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ListsByDefault)
def runs() -> None:
    """List the results of training on pools and subsets, or record one.

    `catalog runs [REFERENCE]` lists.
    """


@runs.command("list")
@click.argument("reference", required=False)
@table_options
@pass_catalog
def list_runs(catalog: Catalog, reference: str | None, is_json: bool) -> None:
    """List the runs, the newest first, with a row for each metric.

    REFERENCE is a name, for the runs of all its versions, or one version.
    """
    nothing = "no runs yet: `catalog runs add SUBSET --metric NAME=VALUE` records one"
    echo_rows(catalog.runs(reference).to_dicts(), is_json=is_json, nothing=nothing)


@runs.command("add")
@click.argument("reference")
@click.option(
    "--metric",
    "pairs",
    multiple=True,
    required=True,
    metavar="NAME=VALUE",
    help="Result of the run, such as accuracy=0.71. Repeatable.",
)
@click.option("--note", help="Text to keep with the run.")
@click.option("--url", help="Address of a description of the run.")
@json_option
@pass_catalog
def add_run(
    catalog: Catalog,
    reference: str,
    pairs: tuple[str, ...],
    note: str | None,
    url: str | None,
    is_json: bool,
) -> None:
    """Record the results of a run that was trained on REFERENCE, a subset or pool."""
    metrics = {}
    for name, values in parse_lists(pairs, option="--metric").items():
        if len(values) > 1:
            raise OptionError(f"--metric {name} is given {len(values)} times: give it once")
        metrics[name] = _number(name, values[0])
    run = catalog.add_run(reference, metrics, note=note, url=url)
    if is_json:
        echo_json(vars(run))
        return
    shown = ", ".join(f"{name} {value:g}" for name, value in run.metrics.items())
    echo_text(f"run {run.run_id} on {run.reference}: {shown}")


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise OptionError(f"expected --metric NAME=NUMBER, got {name}={text}") from None
