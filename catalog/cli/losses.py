"""Loss trajectories on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.output import echo_json, echo_rows, progress_bar, say
from catalog.cli.pools import pass_catalog
from catalog.cli.signals import echo_import, key_option, length_option

if TYPE_CHECKING:
    from catalog.compute.losses.train import TrainedLosses


@click.group()
def losses() -> None:
    """Loss trajectories: of a proxy that is trained here, or of anybody's run."""


@losses.command("import")
@click.argument("pool")
@click.argument("file")
@click.option("--proxy", required=True, help="The name of the model that the losses are of.")
@key_option
@dry_run_option
@json_option
@pass_catalog
def import_losses(
    catalog: Catalog, pool: str, file: str, proxy: str, key: str, is_dry_run: bool, is_json: bool
) -> None:
    """Import trajectories: Parquet, CSV, JSON Lines, .npy, or safetensors with one tensor a checkpoint.

    In a table a row has a list `losses`, or one column a checkpoint: a name with a number, as
    step_2 and step_10.
    """
    echo_import(
        catalog.import_losses(pool, file, proxy=proxy, key=key, dry_run=is_dry_run), is_json=is_json
    )


@losses.command("train")
@click.argument("pool")
@click.option(
    "--proxy",
    default="tiny",
    show_default=True,
    help="tiny (made for the pool), a Hugging Face id or a local path.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the pool. Default: 3.")
@click.option(
    "--checkpoints",
    type=click.IntRange(min=1),
    help="How often the losses are recorded. Default: 12, or every step.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="The peak. Default: 2e-5; 3e-3 for tiny.",
)
@click.option(
    "--batch", type=click.IntRange(min=1), help="Instructions a step. Default: 128; 32 for tiny."
)
@click.option(
    "--warmup",
    type=click.FloatRange(min=0, max=1, max_open=True),
    help="Share of the steps. Default: 0.03.",
)
@length_option
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Order of the instructions; first weights of tiny. Default: 0.",
)
@click.option(
    "--keep-checkpoints/--no-keep-checkpoints",
    default=None,
    help="Keep their weights. Default: below 10M parameters.",
)
@click.option(
    "--retrain",
    is_flag=True,
    help="Train on this version, though an earlier one's proxy could score what is new.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Train on a sample of that many, and say what the whole would cost.",
)
@json_option
@pass_catalog
def train_losses(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Train a proxy on a pool, and record every member's loss at each checkpoint."""
    with progress_bar(f"training {options['proxy']} on {pool}", unit="tokens") as bar:
        report = catalog.train_losses(pool, **options, progress=bar)
    echo_trained(report, is_json=is_json)


def echo_trained(report: TrainedLosses, *, is_json: bool) -> None:
    """Say what a training run did, and its checkpoints as a table."""
    signal = report.signal
    if is_json:
        counts = (
            "trained_on",
            "n_trained",
            "n_members",
            "n_before",
            "n_computed",
            "n_left",
            "checkpoints",
            "reasons",
            "seconds",
        )
        echo_json(
            {"signal": signal.name, "identity": signal.identity_sha256}
            | {key: getattr(report, key) for key in counts}
        )
        return
    echo_rows(report.checkpoints, is_json=False)
    trained = f"trained on {report.n_trained:,} of {report.trained_on}"
    if report.n_computed:
        click.echo(
            f"losses {signal.name}: {report.n_computed:,} computed in {report.seconds:.1f} s, {report.n_before:,} there before; {trained}"
        )
    else:
        click.echo(
            f"losses {signal.name}: nothing to compute, all {report.n_before:,} members are there; {trained}"
        )
    if report.reasons:
        say(
            f"  without a trajectory: {', '.join(f'{count:,} {reason}' for reason, count in report.reasons.items())}"
        )
    if report.n_left:
        seconds = (
            sum(row["seconds"] for row in report.checkpoints) * report.n_members / report.n_trained
        )
        say(
            f"  a sample: all {report.n_members:,} members would take about {seconds / 60:,.1f} minutes at this rate"
        )
