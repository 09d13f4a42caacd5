"""Command `split`."""

from __future__ import annotations

from dataclasses import asdict

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import memory_option, parse_pairs, pass_catalog, timeout_option
from catalog.cli.output import echo_json, echo_rows, say
from catalog.messages import quantity


@click.command()
@click.argument("reference")
@click.option(
    "--by",
    required=True,
    help="What makes groups: near_duplicates=THRESHOLD, source, labels, or a key of the metadata.",
)
@click.option(
    "--into",
    "pairs",
    multiple=True,
    required=True,
    metavar="PART=SIZE",
    help="Part and its size: a number, a share such as 10%, or rest. Repeatable.",
)
@click.option("--stratify", help="Column whose shares every part keeps: source or labels.")
@click.option("--seed", default=0, show_default=True, help="Random seed of the split.")
@click.option(
    "--as", "name", metavar="NAME", required=True, help="Prefix of the subsets: NAME.PART."
)
@memory_option
@timeout_option
@json_option
@pass_catalog
def split(
    catalog: Catalog,
    /,
    reference: str,
    by: str,
    pairs: tuple[str, ...],
    stratify: str | None,
    seed: int,
    name: str,
    memory: str,
    timeout: float | None,
    is_json: bool,
) -> None:
    """Split REFERENCE into subsets NAME.PART that share no group of members.

    Groups of near-duplicates are made of the prompts.
    """
    done = catalog.project.split(
        reference,
        name=name,
        by=by,
        into=parse_pairs(pairs, option="--into"),
        stratify=stratify,
        seed=seed,
        memory=memory,
        seconds=timeout,
    )
    if is_json:
        echo_json(asdict(done))
        return
    rows = [
        {"part": part.name, "subset": part.reference, "members": part.n_members, "asked": part.size}
        for part in done.parts
    ]
    echo_rows(rows, is_json=False)
    say(
        f"{done.reference}: {quantity(done.n_grouped, 'member is', 'members are')} in "
        f"{quantity(done.n_groups, 'group')} of several "
        f"by {done.by}; {quantity(done.n_shared, 'group is', 'groups are')} in more than one part"
    )
    say(f"a random draw of these sizes would leak {quantity(done.n_leaks_of_draw, 'member')}")
