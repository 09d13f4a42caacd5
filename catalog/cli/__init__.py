"""The command line: each command parses, calls one method of the catalog, prints."""

from __future__ import annotations

import click

from catalog.catalog import Catalog
from catalog.cli.demo import demo
from catalog.cli.export import export
from catalog.cli.functions import functions, kernels
from catalog.cli.group import CatalogGroup
from catalog.cli.losses import losses
from catalog.cli.pools import diff, drop, history, pools, quarantine, register, tag
from catalog.cli.query import sql
from catalog.cli.restore import restore
from catalog.cli.scores import label, score, states
from catalog.cli.search import search
from catalog.cli.show import show
from catalog.cli.signals import embed, scores, signals
from catalog.cli.subsets import compare, explain, select, selectors, subsets, verify
from catalog.cli.upkeep import doctor, gc, migrate
from catalog.cli.why import why

COMMANDS = (
    *(register, pools, show, history, diff, quarantine, restore, tag, drop),
    *(embed, losses, states, score, scores, label, signals),
    *(select, explain, selectors, subsets, why, verify, compare),
    *(search, sql, functions, kernels, export),
    *(demo, doctor, gc, migrate),
)


@click.group(
    cls=CatalogGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.option(
    "--home",
    envvar="CATALOG_HOME",
    default=".catalog",
    show_default=True,
    metavar="FOLDER",
    help="The catalog's folder.",
)
@click.option(
    "--wait",
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another process that holds it.",
)
@click.version_option(package_name="catalog")
@click.pass_context
def main(
    ctx: click.Context,
    home: str,
    wait: float,
) -> None:
    """Choose the data that a language model is fine-tuned on: pools, signals, selections as SQL, versioned subsets."""
    ctx.obj = Catalog.open(home, wait=wait, isolated=False)  # this process is expendable itself


for command in COMMANDS:
    main.add_command(command)
