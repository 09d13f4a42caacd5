"""Commands that read subsets: subsets, verify, compare."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import DIFFERENT, DONE, table_options
from catalog.cli.options import memory_option, pass_catalog
from catalog.cli.output import echo_json, echo_rows, echo_text, say

if TYPE_CHECKING:
    from catalog.subsets.compare import Comparison


@click.command()
@table_options
@pass_catalog
def subsets(catalog: Catalog, is_json: bool) -> None:
    """List every version of every subset."""
    nothing = "no subsets yet: create one with `catalog select random POOL --budget 10% --as NAME`"
    echo_rows(catalog.subsets().to_dicts(), is_json=is_json, nothing=nothing)


@click.command()
@click.argument("reference", metavar="SUBSET")
@memory_option
@table_options
@click.pass_context
def verify(ctx: click.Context, reference: str, memory: str, is_json: bool) -> None:
    """Run the definition of a subset again and compare. Exit code 3 means a difference."""
    verification = ctx.obj.verify(reference, memory=memory)
    n_members, n_different = verification.n_members, verification.n_different
    if is_json:
        echo_json(asdict(verification))
    elif verification.is_same:
        echo_text(f"{verification.reference}: the same {n_members:,} members in the same order")
    else:
        echo_text(f"{verification.reference}: {n_different:,} of {n_members:,} ranks differ")
        nothing = "the definition cannot run again"
        if not n_different:
            nothing = "the stored members were changed"
        names = ("rank", "stored", "now")
        rows = [dict(zip(names, row, strict=True)) for row in verification.differences]
        echo_rows(rows, is_json=False, nothing=nothing)
    for cause in verification.causes:
        say(f"  {cause}")
    ctx.exit(DONE if verification.is_same else DIFFERENT)


@click.command()
@click.argument("references", nargs=-1, required=True)
@click.option(
    "--projection",
    type=click.Choice(("tsne", "umap", "pca")),
    default="tsne",
    show_default=True,
    help="Projection of the landscape.",
)
@click.option(
    "--depth", default="depth", show_default=True, help="Name of the score that is the depth."
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
    path: Path | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Measure pools and subsets side by side, with a random sample of the same size as baseline."""
    if path:
        from catalog.report.comparison import require_picture

        require_picture(path)  # before the work
    comparison = catalog.compare(*references, **options)
    if path:
        from catalog.report.comparison import draw_comparison

        draw_comparison(comparison, path)
    _echo_comparison(comparison, path, is_json=is_json)


def _echo_comparison(comparison: Comparison, path: Path | None, *, is_json: bool) -> None:
    rows, notes = comparison.rows, comparison.notes
    overlap = [
        {"left": left, "right": right, "jaccard": value}
        for (left, right), value in comparison.overlap.items()
    ]
    if is_json:
        echo_json({"rows": rows, "overlap": overlap, "notes": notes, "picture": path})
        return
    measures = [key for key in rows[0] if key != "name"]
    table = [{"": key} | {row["name"]: row.get(key) for row in rows} for key in measures]
    echo_rows(table, is_json=False)
    if overlap:
        echo_rows(overlap, is_json=False)
    for note in notes:
        say(f"  not measured: {note}")
    if path:
        say(f"  picture: {path}")
