"""Commands that compute numbers with models: states, score, label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.declared_options import add_options
from catalog.cli.group import json_option
from catalog.cli.kind_command import kind_command
from catalog.cli.options import engine_options, limit_option, pass_catalog
from catalog.cli.output import echo_json, say
from catalog.cli.progress import progress_bar
from catalog.cli.reports import echo_report, report_record
from catalog.signals.ask_options import AskOptions
from catalog.signals.kind_options import ENCODER, MODEL
from catalog.signals.kinds import KINDS
from catalog.signals.kinds.labels import LabelOptions
from catalog.signals.kinds.score import ScoreOptions
from catalog.signals.model_score_files import built_in_model_scores
from catalog.signals.score_definitions import SUMMARIES, built_in_scores

if TYPE_CHECKING:
    from catalog.compute.scores import Scoring


states = kind_command(KINDS["states"])
gradients = kind_command(KINDS["gradients"])


def _score_help() -> str:
    """Return the help of `score`, with every score that comes with the catalog."""
    files = {**built_in_scores(), **built_in_model_scores()}
    summaries = dict(SUMMARIES) | {name: each.summary for name, each in files.items()}
    width = max(map(len, summaries)) + 2
    lines = [f"{name:{width}}{summary}" for name, summary in summaries.items()]
    return (
        "Compute scores for all members that do not have them yet, and the scores they need.\n\n"
        "\b\n" + "\n".join(lines) + "\n\n`catalog scores add FILE` adds a score of your own."
    )


@click.command(help=_score_help())
@click.argument("pool")
@click.argument("names", nargs=-1, required=True)
@click.option("--model", help=MODEL)
@add_options(ScoreOptions)
@add_options(AskOptions)
@limit_option
@engine_options
@json_option
@pass_catalog
def score(
    catalog: Catalog,
    /,
    pool: str,
    names: tuple[str, ...],
    is_json: bool,
    **options: Any,
) -> None:
    """Compute scores; the help text lists them."""
    with progress_bar(f"{' '.join(names)} of {pool}", unit="tokens") as bar:
        scoring = catalog.score(pool, *names, progress=bar, **options)
    if is_json:
        echo_json([report_record(report) for report in scoring.reports])
        return
    echo_scores(scoring)


def echo_scores(scoring: Scoring) -> None:
    """Print the reports of a computation of scores, and its notes to stderr."""
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
    help="File of labels: one per line, or JSON.",
)
@add_options(LabelOptions)
@click.option(
    "--encoder",
    default=ENCODER,
    show_default=True,
    help="Encoder that computed the pool's embeddings.",
)
@engine_options
@json_option
@pass_catalog
def label(catalog: Catalog, /, pool: str, taxonomy: Path, is_json: bool, **options: Any) -> None:
    """Assign each member the taxonomy labels whose embeddings are closest to its own.

    n_labels and the depths count these labels for members without labels of their own. The
    selector instag reads them with `--set labels=NAME`, the name of the file without its ending;
    mig reads only the labels of `register --labels-column`.
    """
    with progress_bar(f"labelling {pool}", unit="instructions") as bar:
        report = catalog.label(
            pool,
            taxonomy,
            progress=lambda done, total, _: bar(done, total, done),
            **options,
        )
    echo_report(report, is_json=is_json)
