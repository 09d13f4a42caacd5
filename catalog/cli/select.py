"""Command `select`, and the run of a selection that it shares with `refresh`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.going_on import going_on
from catalog.cli.group import dry_run_option, json_option
from catalog.cli.options import (
    engine_options,
    gate_option,
    group_option,
    memory_option,
    parse_lists,
    pass_catalog,
    set_option,
    timeout_option,
    token_options,
    trial_options,
)
from catalog.cli.output import echo_json, say
from catalog.cli.progress import progress_bar
from catalog.errors import OptionError
from catalog.messages import quantity, rows_and_members

if TYPE_CHECKING:
    from catalog.project.sweep import Trial
    from catalog.subsets.select import Selected

supersede_option = click.option(
    "--supersede",
    is_flag=True,
    help="Allow another selector than the one of the newest version.",
)
compute_option = click.option(
    "--compute", "is_computing", is_flag=True, help="Compute missing signals first."
)
no_cache_option = click.option(
    "--no-cache",
    "use_cache",
    flag_value=False,
    type=bool,
    default=True,
    help="Compute clusters and projections again.",
)
strict_option = click.option(
    "--strict",
    "is_strict",
    is_flag=True,
    help="Refuse a selector with findings, such as members that can differ from run to run.",
)
new_version_option = click.option(
    "--new-version",
    "is_new_version",
    is_flag=True,
    help="Keep a text that differs only in names, comments or layout as another version.",
)


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a run, which `select` and `refresh` share."""
    options = (
        *(supersede_option, memory_option, timeout_option, compute_option),
        *(no_cache_option, strict_option, gate_option, new_version_option),
        *(engine_options, dry_run_option, json_option),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("selector")
@click.argument("pool")
@click.option(
    "--budget",
    "budgets",
    multiple=True,
    required=True,
    help="Number of members, such as 5000, a share of the pool, such as 10%, tokens such as 2Mtok, "
    "or all. Repeatable.",
)
@trial_options
@set_option
@click.option(
    "--clean-of",
    "tests",
    multiple=True,
    metavar="TEST",
    help="Leave out members that share 13 words in a row with an item of this pool. Repeatable.",
)
@token_options
@click.option(
    "--where",
    metavar="CONDITION",
    help="Select only from members that meet a SQL condition on columns of the pool and scores.",
)
@group_option
@run_options
@pass_catalog
def select(
    catalog: Catalog,
    /,
    selector: str,
    pool: str,
    budgets: tuple[str, ...],
    name: str,
    pairs: tuple[str, ...],
    seeds: tuple[int, ...],
    tests: tuple[str, ...],
    where: str | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Select members of POOL with SELECTOR and keep them as a subset.

    SELECTOR is a name or a .sql file. POOL is a pool or a subset, or several with commas. With
    several values of --budget, --seed or one --set NAME, every combination becomes a subset.
    """
    from catalog.project.sweep import reads_seed, trials
    from catalog.subsets.all_or_none import all_or_none

    settings = parse_lists(pairs, option="--set")
    found = trials(name, budgets=budgets, seeds=seeds, settings=settings)
    answers: list[dict[str, Any]] = []
    with all_or_none(catalog.store) as keep:
        if where:
            pool = _narrowed(catalog, pool, where, options)
        for test in tests:
            pool = _clean(catalog, pool, test, options)
        for trial in found:
            with going_on(trial.name, n_done=len(answers), n=len(found)):
                selected = _select(catalog, selector, pool, trial, options)
            keep()
            answers.append(selected_json(selected))
            if not is_json:
                echo_selected(selected)
    if len(seeds) > 1 and not reads_seed(catalog.store, selected.definition):
        say(f"  {selector} reads no $seed: subsets that differ only in the seed have equal members")
    if is_json:
        echo_json(answers if len(answers) > 1 else answers[0])


def _select(
    catalog: Catalog, selector: str, pool: str, trial: Trial, options: dict[str, Any]
) -> Selected:
    selection: dict[str, Any] = {
        "budget": trial.budget,
        "settings": trial.settings,
        "seed": trial.seed,
    }
    kept = {name: options[name] for name in ("tokens", "model", "group")}
    if options["is_computing"]:
        refuse_dry_run(options)
        from catalog.cli.compute import compute_missing

        compute_missing(catalog, selector, pool, **selection)
    with running(trial.name, options) as run_as:
        return catalog.select(selector, pool, name=trial.name, **selection, **kept, **run_as)


@contextmanager
def running(name: str, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Show a bar, and yield the options of a run as the Python API names them."""
    with progress_bar(f"selecting {name}", unit="rows") as bar:
        yield {
            "memory": options["memory"],
            "seconds": options["timeout"],
            "use_cache": options["use_cache"],
            "supersede": options["supersede"],
            "dry_run": options["is_dry_run"],
            "strict": options["is_strict"],
            "gate": options["gate"],
            "engine": options["engine"],
            "new_version": options["is_new_version"],
            "progress": lambda percent: bar(percent, 100, 0),
        }


def refuse_dry_run(options: dict[str, Any]) -> None:
    """Refuse to compute signals in a dry run.

    Raises:
        OptionError: it is one.
    """
    if options["is_dry_run"]:
        raise OptionError(
            "--compute writes signals and cannot be combined with --dry-run; "
            "`catalog explain` lists the missing signals"
        )


def _clean(catalog: Catalog, pool: str, test: str, options: dict[str, Any]) -> str:
    """Return the subset of a pool without members that share a run of words with a test item."""
    if options["is_dry_run"]:
        raise OptionError(
            "--clean-of writes a subset and cannot be combined with --dry-run; "
            f"`catalog overlap {pool} --against {test}` lists what it leaves out"
        )
    limits = {"memory": options["memory"], "seconds": options["timeout"]}
    selected = catalog.project.select_clean(pool, test=test, **limits)
    n_left_out = selected.definition.n_members - selected.n_members
    say(
        f"  {selected.reference}: {quantity(selected.n_members, 'member')}; "
        f"{quantity(n_left_out, 'shares', 'share')} 13 words in a row with {test}"
    )
    return str(selected.reference)


def _narrowed(catalog: Catalog, pool: str, where: str, options: dict[str, Any]) -> str:
    """Return the subset of a pool's members that meet a condition."""
    if options["is_dry_run"]:
        raise OptionError("--where writes a subset and cannot be combined with --dry-run")
    limits = {"memory": options["memory"], "seconds": options["timeout"]}
    selected = catalog.project.select_where(pool, where=where, **limits)
    say(
        f"  {selected.reference}: {selected.n_members:,} of "
        f"{quantity(selected.definition.n_members, 'member')} meet {where}"
    )
    return str(selected.reference)


def compute_for_refresh(
    catalog: Catalog, name: str, *, budget: str | None, settings: dict[str, str]
) -> None:
    """Compute the signals that a subset's selection needs on the current version of its pool.

    Raises:
        ReferenceNotFoundError: no subset of that name.
    """
    from catalog.cli.compute import compute_missing
    from catalog.store.references import bare_names, resolve
    from catalog.subsets.keep import selection_record
    from catalog.subsets.stored_definition import stored_selector

    with catalog.store.reading() as connection:
        record = selection_record(connection, resolve(connection, name, kind="subset"))
    definition = record["definition"]
    selector = stored_selector(definition, settings, text=record["selector_text"])
    compute_missing(
        catalog,
        selector,
        bare_names(definition["pool"]),
        budget=budget or record["budget_asked"] or definition["budget"],
        settings=settings,
        seed=definition["seed"],
    )


def selected_json(selected: Selected) -> dict[str, Any]:
    """Return the result of a selection as JSON shows it."""
    names = ("reference", "is_new", "n_members", "n_rows", "seconds", "warnings")
    content = {name: getattr(selected, name) for name in names}
    content["overlaps"] = [vars(each) for each in selected.overlaps]
    definition = selected.definition
    return content | {"definition": definition.content, "sha256": definition.sha256}


def echo_selected(selected: Selected) -> None:
    """Print the result of a selection, and its warnings on stderr."""
    count = rows_and_members(selected.n_rows, selected.n_members)
    seconds = f"{selected.seconds:.1f} s"
    if selected.reference is None:
        click.echo(f"dry run: {count} ({seconds}); nothing was written")
    elif not selected.is_new:
        click.echo(f"{selected.reference}: {count}, the same definition as before")
    else:
        click.echo(f"{selected.reference}: {count} of {selected.definition.source} in {seconds}")
    for warning in selected.warnings:
        say(f"  {warning}")
