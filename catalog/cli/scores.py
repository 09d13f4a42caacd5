"""The commands of model signals: states, score, label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, progress_bar, say
from catalog.cli.signals import echo_report, length_option, limit_option, report_record

MODEL = "Model: a proxy trained here, such as tiny, a Hugging Face id, or a path."


@click.command()
@click.argument("pool")
@click.option("--model", required=True, help=MODEL)
@click.option(
    "--max-tokens",
    type=click.IntRange(min=1),
    default=128,
    show_default=True,
    help="Maximum number of response tokens per instruction.",
)
@length_option
@click.option(
    "--project-to",
    type=click.IntRange(min=1),
    help="Number of dimensions to project to, such as 128.",
)
@click.option(
    "--projection",
    type=click.Choice(("jl", "pca")),
    default="jl",
    show_default=True,
    help="Projection method.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Random seed of the projection.",
)
@click.option(
    "--dtype",
    type=click.Choice(("float16", "float32")),
    default="float16",
    show_default=True,
    help="Number type of the stored states.",
)
@limit_option
@json_option
@pass_catalog
def states(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Extract the last-layer hidden states of response tokens. Required by `fisher_sft`."""
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
    help="Share of the pool on which the model is tuned, for depth.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Random seed of that share, for depth.",
)
@click.option(
    "--rank-by",
    "of",
    default="depth",
    show_default=True,
    help="Score to rank, for rid.",
)
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
    """Compute one or more scores for every member of a pool.

    \b
    n_tokens          response tokens, with the end of sequence
    response_loss     CE(y | x), mean cross-entropy of the response in nats
    answer_loss       CE(y), without the prompt
    perplexity        exp(CE(y | x))
    least_confidence  exp(mean log p); low is least confident
    learnability      first loss minus last loss of a trajectory
    ifd               CE(y | x) / CE(y)
    ifd_ppl           exp(CE(y | x) - CE(y))
    n_labels          distinct labels, ILA's K
    depth             (L_base - L_sft) / T * K
    depth_cheap       CE(y | x) * log(1 + K)
    rid               a depth's quantile within its domain
    """
    with progress_bar(f"{' '.join(names)} of {pool}", unit="tokens") as bar:
        scoring = catalog.score(pool, *names, model=model, limit=limit, progress=bar, **options)
    if is_json:
        echo_json([report_record(report) for report in scoring.reports])
        return
    for report in scoring.reports:
        echo_report(report, is_json=False)
    for note in scoring.notes:
        say(f"  {note}")


@click.command()
@click.argument("pool")
@click.option(
    "--taxonomy",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of ability names: one per line, or JSON.",
)
@click.option(
    "--threshold",
    type=float,
    default=0.3,
    show_default=True,
    help="Minimum cosine similarity of a label.",
)
@click.option(
    "--encoder",
    default="all-MiniLM-L6-v2",
    show_default=True,
    help="Encoder of the pool's embeddings.",
)
@json_option
@pass_catalog
def label(
    catalog: Catalog, pool: str, taxonomy: Path, threshold: float, encoder: str, is_json: bool
) -> None:
    """Assign each member the taxonomy labels whose embeddings are closest to its own.

    n_labels and the depths count them for records without labels. The selectors instag and mig
    read only the labels of the records, from `register --labels-column`.
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
