"""The command group `losses`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, progress_bar, say
from catalog.cli.signals import counted, echo_import, key_option, length_option

if TYPE_CHECKING:
    from catalog.compute.losses.train import TrainedLosses


@click.group()
def losses() -> None:
    """Train a proxy and record loss trajectories, or import those of any run."""


@losses.command("import")
@click.argument("pool")
@click.argument("file")
@click.option("--proxy", required=True, help="Name of the model with these losses.")
@key_option
@dry_run_option
@json_option
@pass_catalog
def import_losses(
    catalog: Catalog, pool: str, file: str, proxy: str, key: str, is_dry_run: bool, is_json: bool
) -> None:
    """Import trajectories from Parquet, CSV, JSON Lines, .npy or safetensors.

    A row of a table has a list `losses`, or one column for each checkpoint, whose name contains its
    number, such as step_2 and step_10. A safetensors file has one tensor for each checkpoint.
    """
    report = catalog.import_losses(pool, file, proxy=proxy, key=key, dry_run=is_dry_run)
    echo_import(report, is_json=is_json)


@losses.command("train")
@click.argument("pool")
@click.option(
    "--proxy",
    default="tiny",
    show_default=True,
    help="Model to train: tiny (built for the pool), a Hugging Face id or a local path.",
)
@click.option("--epochs", type=click.IntRange(min=1), help="Passes over the pool. Default: 3.")
@click.option(
    "--checkpoints",
    type=click.IntRange(min=1),
    help="Number of times to record the losses. Default: 12, or every step.",
)
@click.option(
    "--learning-rate",
    type=click.FloatRange(min=0, min_open=True),
    help="Peak learning rate. Default: 2e-5; 3e-3 for tiny.",
)
@click.option(
    "--batch", type=click.IntRange(min=1), help="Instructions per step. Default: 128; 32 for tiny."
)
@click.option(
    "--warmup",
    type=click.FloatRange(min=0, max=1, max_open=True),
    help="Share of the steps that warm up. Default: 0.03.",
)
@length_option
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Random seed of the order of instructions and of the weights of tiny. Default: 0.",
)
@click.option(
    "--keep-checkpoints/--no-keep-checkpoints",
    default=None,
    help="Keep the weights of checkpoints. Default: below 10M parameters.",
)
@click.option(
    "--retrain",
    is_flag=True,
    help="Train on this version, even if the proxy of an earlier one can score new members.",
)
@click.option(
    "--sample",
    "limit",
    type=click.IntRange(min=1),
    help="Number of members to train on as a sample. The cost of all members is printed.",
)
@json_option
@pass_catalog
def train_losses(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Train a proxy on a pool, and record the loss of every member at each checkpoint."""
    with progress_bar(f"training {options['proxy']} on {pool}", unit="tokens") as bar:
        report = catalog.train_losses(pool, **options, progress=bar)
    echo_trained(report, is_json=is_json)


def echo_trained(report: TrainedLosses, *, is_json: bool) -> None:
    """Print the result of a training run and a table of its checkpoints."""
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
    name, n_before = f"losses {signal.name}", f"{report.n_before:,}"
    trained = f"trained on {report.n_trained:,} of {report.trained_on}"
    if report.n_computed:
        click.echo(
            f"{name}: {report.n_computed:,} computed in {report.seconds:.1f} s, "
            f"{n_before} computed before; {trained}"
        )
    else:
        click.echo(f"{name}: nothing to compute, all {n_before} members have losses; {trained}")
    if report.reasons:
        say(f"  without a trajectory: {counted(report.reasons)}")
    if report.n_left:
        n_members = report.n_members
        seconds = sum(row["seconds"] for row in report.checkpoints)
        minutes = seconds * n_members / report.n_trained / 60
        say(f"  a sample: all {n_members:,} members take about {minutes:,.1f} minutes at this rate")
