"""Commands about loss trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.declared_options import add_options
from catalog.cli.group import dry_run_option, json_option, table_options
from catalog.cli.options import engine_options, pass_catalog
from catalog.cli.output import echo_json, echo_rows, echo_text, say
from catalog.cli.progress import progress_bar
from catalog.cli.reports import say_reasons
from catalog.cli.signals import echo_import, key_option
from catalog.messages import quantity
from catalog.signals.kinds.losses import LossesOptions
from catalog.signals.options import TINY

if TYPE_CHECKING:
    from catalog.compute.losses.train import TrainedLosses


@click.group()
def losses() -> None:
    """Compute loss trajectories with a proxy, or import those of your own run."""


@losses.command("import")
@click.argument("pool")
@click.argument("file")
@click.option("--proxy", required=True, help="Name of the model that the losses belong to.")
@key_option
@click.option(
    "--first-is-start",
    is_flag=True,
    help="The file's first losses are those before training. Trajectories leave them out; "
    "learnability starts from them.",
)
@dry_run_option
@table_options
@pass_catalog
def import_losses(
    catalog: Catalog,
    pool: str,
    file: str,
    proxy: str,
    key: str,
    first_is_start: bool,
    is_dry_run: bool,
    is_json: bool,
) -> None:
    """Import loss trajectories from Parquet, CSV, JSON Lines, .npy or safetensors.

    A table has a column `losses` of lists, or one column per checkpoint whose name has a number,
    such as step_2 and step_10. A safetensors file has one tensor per checkpoint.
    """
    report = catalog.import_losses(
        pool, file, proxy=proxy, key=key, first_is_start=first_is_start, dry_run=is_dry_run
    )
    echo_import(report, is_json=is_json)


@losses.command("train")
@click.argument("pool")
@click.option(
    "--proxy",
    default=TINY,
    show_default=True,
    help="tiny (built for the pool), a Hugging Face id or a local path.",
)
@add_options(LossesOptions)
@click.option(
    "--keep-checkpoints/--no-keep-checkpoints",
    default=None,
    help="Keep the weights of checkpoints. Default: below 10M parameters.",
)
@click.option(
    "--retrain",
    is_flag=True,
    help="Train on this version even if the proxy of an earlier version can score the new members.",
)
@click.option(
    "--sample",
    "limit",
    type=click.IntRange(min=1),
    help="Train on a sample of this many members, and print what all would cost.",
)
@engine_options
@json_option
@pass_catalog
def train_losses(catalog: Catalog, /, pool: str, is_json: bool, **options: Any) -> None:
    """Train a proxy on a pool, and record the loss of every member at each checkpoint."""
    with progress_bar(f"training {options['proxy']} on {pool}", unit="tokens") as bar:
        report = catalog.train_losses(pool, **options, progress=bar)
    echo_trained(report, is_json=is_json)


def echo_trained(report: TrainedLosses, *, is_json: bool) -> None:
    """Print what a training run did, and its checkpoints as a table."""
    signal = report.signal
    if is_json:
        counts = (
            *("trained_on", "n_trained", "n_members", "n_before", "n_computed", "n_left"),
            *("checkpoints", "reasons", "seconds"),
        )
        record = {"signal": signal.name, "identity": signal.identity_sha256}
        echo_json(record | {key: getattr(report, key) for key in counts})
        return
    echo_rows(report.checkpoints, is_json=False)
    trained = f"trained on {report.n_trained:,} of {report.trained_on}"
    computed = f"nothing to compute, {quantity(report.n_before, 'member')} there before"
    if report.n_computed:
        computed = (
            f"{report.n_computed:,} computed in {report.seconds:.1f} s, "
            f"{report.n_before:,} there before"
        )
    echo_text(f"losses {signal.name}: {computed}; {trained}")
    say_reasons(report.reasons, what="trajectory")
    if report.n_left:
        seconds = sum(row["seconds"] for row in report.checkpoints)
        minutes = seconds * report.n_members / report.n_trained / 60
        say(
            f"  a sample: all {quantity(report.n_members, 'member')} would take "
            f"about {minutes:,.1f} minutes at this rate"
        )
