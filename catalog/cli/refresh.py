"""Command `refresh`."""

from __future__ import annotations

from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.options import parse_pairs, pass_catalog, references_of, set_option
from catalog.cli.output import echo_json, say
from catalog.cli.select import (
    compute_for_refresh,
    echo_selected,
    refuse_dry_run,
    run_options,
    running,
    selected_json,
)
from catalog.errors import CatalogError, OptionError
from catalog.messages import listed, quantity
from catalog.store.references import is_glob


@click.command()
@click.argument("name", required=False)
@click.option("--all", "is_all", is_flag=True, help="Every subset that `catalog status` lists.")
@click.option(
    "--keep",
    "is_keeping",
    is_flag=True,
    help="Keep the members that still qualify, and replace only the others.",
)
@click.option("--budget", help="Another budget. Default: the one of the subset.")
@set_option
@run_options
@pass_catalog
def refresh(
    catalog: Catalog,
    /,
    name: str | None,
    is_all: bool,
    is_keeping: bool,
    budget: str | None,
    pairs: tuple[str, ...],
    is_json: bool,
    **options: Any,
) -> None:
    """Re-run the selection of the subset NAME on the current versions of its pools.

    NAME may be a glob, such as 'car-*'. Subsets that others are made from come first.
    """
    names = _to_refresh(catalog, name, is_all=is_all)
    if is_all and (budget or pairs):
        raise OptionError("--all leaves budgets and settings as they are: refresh without it")
    if is_keeping:  # which refreshes the rankings that it made before
        names = [each for each in names if each.removesuffix(".ranking") not in {*names} - {each}]
    settings = parse_pairs(pairs, option="--set")
    options |= {"budget": budget, "settings": settings, "keep": is_keeping, "is_json": is_json}
    answers, failed = _refresh_each(catalog, names, options)
    if is_json:
        echo_json(answers[0] if name and not is_glob(name) else answers)
    elif not names:
        say("no subset is behind")
    if failed:
        count = f"{len(failed):,} of {quantity(len(names), 'subset')} not refreshed"
        raise CatalogError(f"{count}: {listed(failed)}; the others are")


def _refresh_each(
    catalog: Catalog, names: list[str], options: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Refresh subsets, and return the answers, and the names of those of several that failed."""
    if len(names) == 1:
        return [_refresh(catalog, names[0], options)], []
    answers, failed = [], []
    for name in names:
        try:
            answers.append(_refresh(catalog, name, options))
        except CatalogError as error:
            say(f"error: {name}: {error}", fg="red")
            failed.append(name)
    return answers, failed


def _to_refresh(catalog: Catalog, name: str | None, *, is_all: bool) -> list[str]:
    """Return the subsets to refresh, each after those that it is made from.

    Raises:
        OptionError: expected a name or ``--all``, got both or none.
    """
    if is_all == bool(name):
        raise OptionError("expected NAME or --all")
    if name:
        return list(reversed(references_of(catalog, name)))
    behind = catalog.project.status().subsets
    return [each.reference.partition("@")[0] for each in behind]


def _refresh(catalog: Catalog, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Refresh a subset, print what changed, and return it for JSON."""
    asked = {key: options[key] for key in ("budget", "settings", "keep")}
    _compute(catalog, name, options)
    with running(name, options) as run_as:
        selected = catalog.refresh(name, **asked, **run_as)
    if not options["is_json"]:
        echo_selected(selected)
        if selected.churn:
            click.echo(f"  {selected.churn}")
        elif selected.is_new and selected.reference:
            _echo_changes(catalog, selected.reference)
    return selected_json(selected) | (vars(selected.churn) if selected.churn else {})


def _compute(catalog: Catalog, name: str, options: dict[str, Any]) -> None:
    """Compute missing signals, if that is asked for."""
    if options["is_computing"]:
        refuse_dry_run(options)
        compute_for_refresh(catalog, name, budget=options["budget"], settings=options["settings"])


def _echo_changes(catalog: Catalog, reference: str) -> None:
    """Print how a version of a subset differs from the version before."""
    name, _, version = reference.rpartition("@")
    changes = catalog.diff(f"{name}@{int(version) - 1}", reference, n_members=0)
    click.echo(
        f"  {changes.n_added:,} added, {changes.n_removed:,} removed, {changes.n_kept:,} unchanged"
    )
