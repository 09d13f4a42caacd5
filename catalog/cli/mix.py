"""Command `mix`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.going_on import going_on
from catalog.cli.group import json_option
from catalog.cli.options import (
    engine_options,
    gate_option,
    group_option,
    memory_option,
    parse_lists,
    pass_catalog,
    timeout_option,
    token_options,
    trial_options,
)
from catalog.cli.output import echo_json, echo_rows, say
from catalog.errors import OptionError
from catalog.messages import quantity

if TYPE_CHECKING:
    from catalog.subsets.mixture import Mixture


@click.command()
@click.option(
    "--part",
    "pairs",
    multiple=True,
    required=True,
    metavar="REF[:SELECTOR]=SIZE[*N]",
    help="Pool or subset, with a selector of its members if wanted, and its size: a share such as "
    "40%, rows, tokens such as 2Mtok, all or rest. *3 lets a member stand three times. Several "
    "sizes with commas make a mixture of each. Repeatable.",
)
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    required=True,
    help="Rows such as 5000, tokens such as 20Mtok, or all. Repeatable.",
)
@click.option(
    "--cap",
    "caps",
    multiple=True,
    metavar="EXPRESSION=SHARE",
    help="Most that the rows of one value may be, such as source=25%. Repeatable.",
)
@trial_options
@token_options
@gate_option
@group_option
@memory_option
@timeout_option
@engine_options
@json_option
@pass_catalog
def mix(
    catalog: Catalog,
    /,
    pairs: tuple[str, ...],
    budgets: tuple[str, ...],
    name: str,
    seeds: tuple[int, ...],
    timeout: float | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Mix pools and subsets to one subset, by share, with repeats, caps and a budget.

    With --model sizes are in tokens under the model's chat template, else in rows. A part takes its
    members until the next one would exceed its size. The rest gets what other parts leave.
    """
    from catalog.project.sweep import trials

    listed = parse_lists(pairs, option="--part")
    for part, texts in listed.items():
        if len(texts) > 1:
            raise OptionError(
                f"{part} is named by two parts: name it once; {part}={','.join(texts)} makes a "
                "mixture of each size"
            )
    sizes = {part: text.split(",") for part, (text,) in listed.items()}
    found = trials(name, budgets=budgets, seeds=seeds, settings=sizes)
    mixtures: list[Mixture] = []
    for trial in found:
        parts = [f"{part}={size}" for part, size in trial.settings.items()]
        asked: dict[str, Any] = {"budget": trial.budget, "seed": trial.seed, "seconds": timeout}
        with going_on(trial.name, n_done=len(mixtures), n=len(found)):
            mixtures.append(catalog.project.mix(name=trial.name, parts=parts, **asked, **options))
        if not is_json:
            _echo(mixtures[-1])
    if is_json:
        answers = [asdict(each) for each in mixtures]
        echo_json(answers if len(answers) > 1 else answers[0])


def _echo(mixture: Mixture) -> None:
    unit = mixture.unit
    rows = [
        {
            "part": part.part,
            "size": part.size,
            f"{unit} asked": None if part.asked is None else round(part.asked),
            f"{unit} achieved": part.achieved,
            "members": part.n_members,
            "rows": part.n_rows,
            "epochs": f"{part.epochs:.2f}",
        }
        for part in mixture.parts
    ]
    echo_rows(rows, is_json=False)
    again = "" if mixture.is_new else ", the same definition as before"
    say(
        f"{mixture.reference}: {mixture.achieved:,} {unit} of {mixture.budget}, "
        f"{quantity(mixture.n_rows, 'row')} of {quantity(mixture.n_members, 'member')}{again}"
    )
    for part in mixture.parts:
        if not part.available:
            say(f"  {part.part} has no {unit} of its own: earlier parts have all its members")
        elif part.ran_out:
            say(f"  {part.part} ran out: {part.achieved:,} {unit} of {part.asked:,.0f}")
    for warning in mixture.warnings:
        say(f"  {warning}")
