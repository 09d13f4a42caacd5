"""Subsets on the command line: select, subsets, verify, selectors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.compute import compute_missing
from catalog.cli.group import DIFFERENT, DONE, dry_run_option, json_option
from catalog.cli.output import echo_json, echo_rows, progress_bar, say
from catalog.cli.pools import parse_pairs, pass_catalog
from catalog.errors import OptionError

if TYPE_CHECKING:
    from catalog.subsets.select import Selected

memory_option = click.option(
    "--memory",
    default="4GB",
    show_default=True,
    help="How much memory queries and kernels may use.",
)


@click.command()
@click.argument("selector", required=False)
@click.argument("source", required=False)
@click.option(
    "--budget", help="Number of members, such as 5000, a share of the pool, such as 10%, or all."
)
@click.option("--as", "name", metavar="NAME", help="The subset's name; a new one makes version 1.")
@click.option(
    "--onto",
    metavar="NAME",
    help="Re-run an existing subset's selection on the current versions of its pools.",
)
@click.option(
    "--supersede",
    is_flag=True,
    help="Allow another selector than the one that made the newest version.",
)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the selector; repeat it.",
)
@click.option("--seed", type=int, show_default="0", help="Of every draw.")
@memory_option
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Stop the selection after that long; a kernel that runs is finished first.",
)
@click.option("--compute", is_flag=True, help="Compute the signals that are missing first.")
@click.option("--no-cache", is_flag=True, help="Compute clusters and projections anew.")
@click.option(
    "--strict",
    "is_strict",
    is_flag=True,
    help="Refuse a selector whose answer depends on the order of rows.",
)
@dry_run_option
@json_option
@pass_catalog
def select(
    catalog: Catalog,
    selector: str | None,
    source: str | None,
    budget: str | None,
    name: str | None,
    onto: str | None,
    supersede: bool,
    pairs: tuple[str, ...],
    seed: int | None,
    memory: str,
    timeout: float | None,
    compute: bool,
    no_cache: bool,
    is_strict: bool,
    is_dry_run: bool,
    is_json: bool,
) -> None:
    """Select members of a pool or subset with SELECTOR, a name or a .sql file, and keep them as a subset."""
    settings = parse_pairs(pairs, option="--set")
    if onto:
        _check_alone(onto, {"SELECTOR": selector, "POOL": source, "--as": name, "--seed": seed})
    if compute:
        if onto or is_dry_run or not (selector and source and budget and name):
            raise OptionError(
                "--compute goes with SELECTOR, POOL, --budget and --as, and writes; `catalog explain` says what is missing"
            )
        compute_missing(catalog, selector, source, budget=budget, settings=settings, seed=seed or 0)
    with progress_bar(f"selecting {name or onto}", unit="rows") as bar:
        common: dict[str, Any] = {
            "memory": memory,
            "seconds": timeout,
            "use_cache": not no_cache,
            "supersede": supersede,
            "dry_run": is_dry_run,
            "strict": is_strict,
            "progress": lambda percent: bar(percent, 100, 0),
        }
        if onto:
            selected = catalog.reselect(onto, budget=budget, settings=settings, **common)
        elif selector and source and budget and name:
            selected = catalog.select(
                selector,
                source,
                budget=budget,
                name=name,
                settings=settings,
                seed=seed or 0,
                **common,
            )
        else:
            raise OptionError(
                "write `catalog select SELECTOR POOL --budget 5000 --as NAME`, or `catalog select --onto NAME`"
            )
    echo_selected(selected, is_json=is_json)
    if onto and selected.is_new and selected.reference and not is_json:
        version = int(selected.reference.rpartition("@")[2])
        churn = catalog.diff(
            f"{onto.partition('@')[0]}@{version - 1}", selected.reference, n_members=0
        )
        click.echo(f"  {churn.n_added:,} came, {churn.n_removed:,} went, {churn.n_kept:,} stayed")


def _check_alone(onto: str, options: Mapping[str, Any]) -> None:
    given = [option for option, value in options.items() if value is not None]
    if given:
        raise OptionError(
            f"--onto {onto} selects as that subset was: leave out {', '.join(given)}; --set and --budget change how"
        )


def echo_selected(selected: Selected, *, is_json: bool) -> None:
    """Say what a selection wrote, and what a user should know of it."""
    if is_json:
        plain = {
            "reference": selected.reference,
            "is_new": selected.is_new,
            "n_members": selected.n_members,
            "seconds": selected.seconds,
        }
        echo_json(
            plain
            | {
                "warnings": selected.warnings,
                "definition": selected.definition.content,
                "sha256": selected.definition.sha256,
            }
        )
        return
    if selected.reference is None:
        click.echo(
            f"would hold {selected.n_members:,} members ({selected.seconds:.1f} s); nothing was written"
        )
    elif not selected.is_new:
        click.echo(
            f"{selected.reference}: selected before with the same definition, {selected.n_members:,} members"
        )
    else:
        click.echo(
            f"{selected.reference}: {selected.n_members:,} members of {selected.definition.reference} in {selected.seconds:.1f} s"
        )
    for warning in selected.warnings:
        say(f"  {warning}")


@click.command()
@click.argument("selector")
@click.argument("source")
@click.option(
    "--budget", default="10%", show_default=True, help="How many members, or which share."
)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the selector; repeat it.",
)
@click.option("--seed", default=0, show_default=True, help="Of every draw.")
@click.option("--sql", "is_sql", is_flag=True, help="Print the final SQL alone.")
@json_option
@pass_catalog
def explain(
    catalog: Catalog,
    selector: str,
    source: str,
    budget: str,
    pairs: tuple[str, ...],
    seed: int,
    is_sql: bool,
    is_json: bool,
) -> None:
    """Say what a selection would do, which signals it reads, and what the missing ones cost. Nothing is computed."""
    explanation = catalog.explain(
        selector, source, budget=budget, settings=parse_pairs(pairs, option="--set"), seed=seed
    )
    if is_json:
        echo_json(explanation.as_dict())
    else:
        click.echo(explanation.sql if is_sql else "\n".join(explanation.lines()))


@click.command()
@json_option
@pass_catalog
def subsets(catalog: Catalog, is_json: bool) -> None:
    """List every version of every subset."""
    nothing = "no subset yet: `catalog select random POOL --budget 10% --as NAME` makes one"
    echo_rows(catalog.subsets().to_dicts(), is_json=is_json, nothing=nothing)


@click.command()
@click.argument("reference")
@memory_option
@json_option
@click.pass_context
def verify(ctx: click.Context, reference: str, memory: str, is_json: bool) -> None:
    """Make a subset again from its definition, and compare; exit code 3 when it differs."""
    found = ctx.obj.verify(reference, memory=memory)
    if is_json:
        echo_json(asdict(found))
    elif found.is_same:
        click.echo(f"{found.reference}: the same {found.n_members:,} members in the same order")
    else:
        click.echo(f"{found.reference}: {found.n_different:,} of {found.n_members:,} ranks differ")
        rows = [{"rank": rank, "stored": old, "now": new} for rank, old, new in found.differences]
        echo_rows(
            rows,
            is_json=False,
            nothing="it cannot be made again"
            if found.n_different
            else "the stored members were changed",
        )
    for cause in found.causes:
        say(f"  {cause}")
    ctx.exit(DONE if found.is_same else DIFFERENT)


@click.command()
@click.argument("references", nargs=-1, required=True)
@click.option(
    "--projection",
    type=click.Choice(("tsne", "umap", "pca")),
    default="tsne",
    show_default=True,
    help="How the landscape is drawn.",
)
@click.option(
    "--depth", default="depth", show_default=True, help="The score that says how deep a member is."
)
@click.option("--encoder", help="Whose embeddings, when there are several.")
@click.option("--proxy", help="Whose losses, when there are several.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw a picture: .png or .svg.",
)
@memory_option
@json_option
@pass_catalog
def compare(
    catalog: Catalog,
    /,
    references: tuple[str, ...],
    path: Path | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Measure pools and subsets side by side, with a random draw of the same size as the yardstick."""
    if path:
        from catalog.report.comparison import require_picture

        require_picture(path)  # before the work, not after it
    comparison = catalog.compare(*references, **options)
    if path:
        from catalog.report.comparison import draw_comparison

        draw_comparison(comparison, path)
    overlap = [
        {"left": left, "right": right, "jaccard": value}
        for (left, right), value in comparison.overlap.items()
    ]
    if is_json:
        echo_json(
            {
                "rows": comparison.rows,
                "overlap": overlap,
                "notes": comparison.notes,
                "picture": path,
            }
        )
        return
    measures = [key for key in comparison.rows[0] if key != "name"]
    echo_rows(
        [
            {"": measure} | {row["name"]: row.get(measure) for row in comparison.rows}
            for measure in measures
        ],
        is_json=False,
    )
    if overlap:
        echo_rows(overlap, is_json=False)
    for note in comparison.notes:
        say(f"  not measured: {note}")
    if path:
        say(f"  the picture is in {path}")


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def selectors(ctx: click.Context, is_json: bool) -> None:
    """List the selection methods, or keep one of your own."""
    if ctx.invoked_subcommand is None:
        rows = ctx.obj.selectors().to_dicts()
        shown = (
            rows
            if is_json
            else [{key: row[key] for key in ("selector", "needs", "summary")} for row in rows]
        )
        echo_rows(shown, is_json=is_json)


@selectors.command("add")
@click.argument("file")
@pass_catalog
def add_selector(catalog: Catalog, file: str) -> None:
    """Keep a .sql file in the catalog, so that its name selects; a selector of that name is replaced."""
    added = catalog.add_selector(file)
    say(f"{added.selector.name}: {added.selector.summary}")
    if added.replaced_at:
        what = (
            "the same text" if added.is_same else "another text; subsets that it made keep theirs"
        )
        say(f"  replaces the one added {added.replaced_at:%Y-%m-%d %H:%M:%S} UTC, which had {what}")


@selectors.command("remove")
@click.argument("name")
@pass_catalog
def remove_selector(catalog: Catalog, name: str) -> None:
    """Remove a selector that this catalog keeps."""
    catalog.remove_selector(name)
    say(f"{name}: removed; subsets that it made keep its text")


@selectors.command("show")
@click.argument("name")
@pass_catalog
def show_selector(catalog: Catalog, name: str) -> None:
    """Print a selector."""
    click.echo(catalog.selector(name).text.rstrip())
