"""Commands that read subsets: subsets, verify, compare."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import DIFFERENT, DONE, table_options
from catalog.cli.options import memory_option, pass_catalog, references_of
from catalog.cli.output import (
    cell,
    echo_across,
    echo_json,
    echo_one_or_all,
    echo_rows,
    echo_text,
    say,
)
from catalog.messages import quantity, rows_and_members, significant

if TYPE_CHECKING:
    from catalog.subsets.compare import Comparison
    from catalog.subsets.verify import Verification

ACROSS = 6
"""References and baselines that a comparison prints side by side; more are printed as rows."""


@click.command()
@click.option("--group", help="Only the subsets of this group.")
@table_options
@pass_catalog
def subsets(catalog: Catalog, group: str | None, is_json: bool) -> None:
    """List every version of every subset."""
    nothing = "no subsets yet: create one with `catalog select random POOL --budget 10% --as NAME`"
    echo_rows(catalog.subsets(group=group).to_dicts(), is_json=is_json, nothing=nothing)


@click.command()
@click.argument("reference", metavar="SUBSET")
@memory_option
@table_options
@click.pass_context
def verify(ctx: click.Context, reference: str, memory: str, is_json: bool) -> None:
    """Run the definition of a subset again and compare. Exit code 3 means a difference.

    SUBSET may be a glob, such as 'car-*', or a group, such as group:study1.
    """
    found = []
    for name in references_of(ctx.obj, reference):
        verification = ctx.obj.verify(name, memory=memory)
        found.append(verification)
        if not is_json:
            _echo_verification(verification)
        for cause in verification.causes:
            say(f"  {cause}")
    if is_json:
        echo_one_or_all([asdict(each) for each in found], reference)
    ctx.exit(DONE if all(each.is_same for each in found) else DIFFERENT)


def _echo_verification(verification: Verification) -> None:
    n_rows, n_different = verification.n_rows, verification.n_different
    if verification.is_same:
        count = rows_and_members(n_rows, verification.n_members)
        echo_text(f"{verification.reference}: the same {count} in the same order")
        return
    echo_text(f"{verification.reference}: {n_different:,} of {quantity(n_rows, 'row')} differ")
    nothing = "the definition cannot run again"
    if not n_different:
        nothing = "the stored members were changed"
    names = ("row", "stored", "now")
    rows = [dict(zip(names, row, strict=True)) for row in verification.differences]
    echo_rows(rows, is_json=False, nothing=nothing)


@click.command()
@click.argument("references", nargs=-1, required=True)
@click.option(
    "--projection",
    type=click.Choice(("tsne", "umap", "pca")),
    default="tsne",
    show_default=True,
    help="Landscape: the map by this method, else a projection.",
)
@click.option(
    "--depth", default="depth", show_default=True, help="Name of the score that is the depth."
)
@click.option("--score", "scores", multiple=True, help="Further score to measure. Repeatable.")
@click.option(
    "--by",
    metavar="NAMES",
    help="Group subsets by selector, budget and seed, such as selector,budget, and print means and "
    "standard deviations.",
)
@click.option("--encoder", help="Encoder of the embeddings, if there are several.")
@click.option("--proxy", help="Proxy of the losses, if there are several.")
@click.option(
    "-o",
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Picture to draw: .png or .svg.",
)
@memory_option
@table_options
@pass_catalog
def compare(
    catalog: Catalog,
    /,
    references: tuple[str, ...],
    by: str | None,
    path: Path | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Measure pools and subsets side by side, with random draws of the same size as baseline.

    The draws are 20, from the nearest pool or subset that all references come from, with its share
    of every source. A baseline's number is the mean of its draws ± their standard deviation.
    A reference may be a glob of subsets, or a group, such as group:study1.
    """
    references = tuple(name for each in references for name in references_of(catalog, each))
    if path:
        from catalog.report.picture import require_picture

        require_picture(path)  # before the work
    comparison = catalog.compare(*references, **options)
    groups = comparison.grouped(by.split(",")) if by else None
    if path:
        from catalog.report.comparison import draw_comparison
        from catalog.report.regions import landscape_regions

        draw_comparison(comparison, path, regions=landscape_regions(catalog.store, comparison))
    if is_json:
        echo_json(comparison.as_dict() | {"groups": groups, "picture": path})
        return
    if groups is None:
        _echo_comparison(comparison)
    else:
        echo_rows(_with_deviations(groups), is_json=False, nothing="no subsets to group")
    for note in comparison.notes:
        say(f"  not measured: {note}")
    if path:
        say(f"  picture: {path}")


def _echo_comparison(comparison: Comparison) -> None:
    rows = [_with_spread(row, comparison.spread.get(row["name"], {})) for row in comparison.rows]
    if len(comparison.rows) > ACROSS:
        echo_rows(rows, is_json=False)
    else:
        measures = dict.fromkeys(key for row in rows for key in row if key != "name")
        echo_across([{"": key} | {row["name"]: row.get(key) for row in rows} for key in measures])
    if comparison.overlap:
        click.echo("\nJaccard index of members")
        echo_across(_matrix(comparison.overlap))


def _with_spread(row: dict[str, Any], spread: dict[str, float]) -> dict[str, Any]:
    """Return a row in which a number with a deviation above zero is a text of both."""
    texts = {name: f"{cell(row[name])} ± {significant(sd, 2)}" for name, sd in spread.items() if sd}
    return row | texts


def _with_deviations(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return groups with each number and its deviation as one text."""
    suffix = "_sd"
    rows = []
    for group in groups:
        numbers = {name: value for name, value in group.items() if not name.endswith(suffix)}
        spread = {name: group[name + suffix] for name in numbers if name + suffix in group}
        rows.append(_with_spread(numbers, spread))
    return rows


def _matrix(overlap: dict[tuple[str, str], float]) -> list[dict[str, Any]]:
    """Return the overlap of all pairs as rows of a matrix.

    >>> _matrix({("a", "b"): 0.5})
    [{'': 'a', 'a': None, 'b': 0.5}, {'': 'b', 'a': 0.5, 'b': None}]
    """
    names = list(dict.fromkeys(name for pair in overlap for name in pair))
    return [
        {"": left}
        | {right: overlap.get((left, right), overlap.get((right, left))) for right in names}
        for left in names
    ]
