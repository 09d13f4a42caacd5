"""Command `tokens`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, say
from catalog.cli.progress import progress_bar
from catalog.messages import quantity

if TYPE_CHECKING:
    from catalog.project.tokens import TokenCount


KINDS: tuple[Literal["response", "total"], ...] = ("total", "response")


@click.command()
@click.argument("reference")
@click.option(
    "--model",
    required=True,
    help="Proxy trained here, Hugging Face id or folder. Only its tokenizer is loaded.",
)
@click.option(
    "--max-length",
    type=click.IntRange(min=1),
    required=True,
    help="Tokens of a sequence. Rows are cut there.",
)
@click.option("--packing", type=click.Choice(("bfd",)), help="Pack rows by best fit.")
@click.option(
    "--batch",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Sequences of an optimizer step.",
)
@click.option("--epochs", type=float, default=1, show_default=True, help="Passes over the rows.")
@click.option("--tokens-per-second", type=float, help="Speed of the training, for the hours.")
@click.option("--price", type=float, help="Price of an hour.")
@click.option(
    "--save",
    "is_saving",
    is_flag=True,
    help="Keep the counts of each member as the scores total_tokens and response_tokens.",
)
@json_option
@pass_catalog
def tokens(
    catalog: Catalog, /, reference: str, is_saving: bool, is_json: bool, **options: Any
) -> None:
    """Count the tokens of REFERENCE under a model's chat template, and the cost of training."""
    with progress_bar(f"counting tokens of {reference}", unit="rows") as bar:
        counted = catalog.project.tokens(reference, progress=bar, **options)
    if is_saving:
        scores = [
            catalog.project.count(reference, of=kind, model=options["model"]) for kind in KINDS
        ]
        say(f"  kept as the scores {' and '.join(score.name for score in scores)}")
    if is_json:
        echo_json(asdict(counted) | {"n_prompt": counted.n_prompt})
        return
    echo_rows(list(_rows(counted)), is_json=False)
    for reason, count in counted.untrained.items():
        say(f"  {quantity(count, 'row')} left out, without a trained token: {reason}")
    if counted.n_media:
        say(
            f"  {quantity(counted.n_media, 'row has', 'rows have')} media, whose tokens are not "
            "counted"
        )


def _rows(counted: TokenCount) -> list[dict[str, Any]]:
    """Return one row for each number that is known."""
    share = f"{counted.n_response / max(counted.n_tokens, 1):.1%}"
    quantiles = ", ".join(f"{value:,}" for value in counted.lengths.values())
    values = {
        "rows": f"{counted.n_rows:,}",
        "prompt tokens": f"{counted.n_prompt:,}",
        "response tokens": f"{counted.n_response:,} ({share})",
        "all tokens": f"{counted.n_tokens:,}",
        "tokens of a row (50 %, 90 %, 99 %, longest)": quantiles,
        f"rows beyond {quantity(counted.max_length, 'token')}": (
            f"{counted.n_cut:,} (lose {quantity(counted.n_tokens_cut, 'token')})"
        ),
        "rows with a trained token": f"{counted.n_trained_rows:,}",
        "tokens of an epoch": f"{counted.n_epoch_tokens:,}",
        "sequences of an epoch": f"{counted.n_sequences:,}",
    }
    if counted.efficiency is not None:
        values["packing efficiency"] = f"{counted.efficiency:.1%}"
    values[f"steps of {quantity(counted.batch, 'sequence')}, {counted.epochs:g} epochs"] = (
        f"{counted.n_steps:,}"
    )
    if counted.hours is not None:
        values["hours"] = f"{counted.hours:,.2f}"
    if counted.price is not None:
        values["price"] = f"{counted.price:,.2f}"
    return [{"measure": name, "value": value} for name, value in values.items()]
