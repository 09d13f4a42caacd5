"""Numbers that models give, on the command line: states, score, label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.output import echo_json, progress_bar, say
from catalog.cli.pools import pass_catalog
from catalog.cli.signals import echo_report, length_option, limit_option, report_record

MODEL = "A proxy that was trained here, such as tiny; else a Hugging Face id or a path."


@click.command()
@click.argument("pool")
@click.option("--model", required=True, help=MODEL)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Response tokens of an instruction, at most.",
)
@length_option
@click.option("--project-to", type=click.IntRange(min=1), help="Fewer dimensions, such as 128.")
@click.option(
    "--projection",
    type=click.Choice(("jl", "pca")),
    default="jl",
    show_default=True,
    help="How to get there.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the projection."
)
@click.option(
    "--dtype",
    type=click.Choice(("float16", "float32")),
    default="float16",
    show_default=True,
    help="The stored number type.",
)
@limit_option
@json_option
@pass_catalog
def states(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Take the hidden states that predict every response: what fisher_sft selects by."""
    from catalog.compute.states import distortion

    with progress_bar(f"states of {pool}", unit="tokens") as bar:
        report = catalog.states(pool, progress=bar, **options)
    echo_report(report, is_json=is_json)
    changed = distortion(report.signal)
    if changed:
        say(f"  {changed}")


@click.command()
@click.argument("pool")
@click.argument("names", nargs=-1, required=True)
@click.option("--model", help=MODEL)
@length_option
@click.option(
    "--warm-up",
    type=float,
    default=0.05,
    show_default=True,
    help="depth: the share of the pool that the model is tuned on.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="depth: of the draw of that share.",
)
@click.option("--of", default="depth", show_default=True, help="rid: the score that is ranked.")
@limit_option
@json_option
@pass_catalog
def score(
    catalog: Catalog,
    /,
    pool: str,
    names: tuple[str, ...],
    model: str | None,
    limit: int | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Give every member of a pool one number, or several.

    \b
    n_tokens          response tokens, end of sequence included
    response_loss     CE(y | x), mean cross-entropy of the response in nats
    answer_loss       CE(y), the same without the prompt
    perplexity        exp(CE(y | x))
    least_confidence  exp(mean log p); the lowest are the least confident
    learnability      first loss minus last of a trajectory
    ifd               CE(y | x) / CE(y)
    ifd_ppl           exp(CE(y | x) - CE(y))
    n_labels          distinct labels, ILA's K
    depth             (L_base - L_sft) / T * K
    depth_cheap       CE(y | x) * log(1 + K)
    rid               a depth's quantile within its domain
    """
    with progress_bar(f"{' '.join(names)} of {pool}", unit="tokens") as bar:
        made = catalog.score(pool, *names, model=model, limit=limit, progress=bar, **options)
    if is_json:
        echo_json([report_record(report) for report in made.reports])
        return
    for report in made.reports:
        echo_report(report, is_json=False)
    for note in made.notes:
        say(f"  {note}")


@click.command()
@click.argument("pool")
@click.option(
    "--taxonomy",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Ability names: one a line, or JSON.",
)
@click.option(
    "--threshold",
    type=float,
    default=0.3,
    show_default=True,
    help="The cosine from which a label counts.",
)
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    show_default=True,
    help="The encoder that embedded the pool.",
)
@json_option
@pass_catalog
def label(
    catalog: Catalog, pool: str, taxonomy: Path, threshold: float, encoder: str, is_json: bool
) -> None:
    """Give every member the abilities of a list that its embedding is near to.

    n_labels and the depths count them where a record brings no labels of its own. The selectors
    instag and mig read the records' labels alone, which `register --labels-column` takes.
    """
    with progress_bar(f"labelling {pool}", unit="instructions") as bar:
        report = catalog.label(
            pool,
            taxonomy,
            threshold=threshold,
            encoder=encoder,
            progress=lambda done, total, _: bar(done, total, done),
        )
    echo_report(report, is_json=is_json)
