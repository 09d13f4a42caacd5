"""Commands that show the members of a pool: map, report, browse."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.declared_options import add_options
from catalog.cli.group import json_option, table_options
from catalog.cli.options import engine_options, memory_option, pass_catalog
from catalog.cli.output import echo_json, echo_rows, say
from catalog.cli.progress import progress_bar
from catalog.cli.reports import echo_report
from catalog.messages import quantity
from catalog.signals.kinds.map import MapOptions


@click.command("map")
@click.argument("reference", metavar="POOL")
@click.option("--encoder", help="Encoder of the embeddings. Default: the only one there is.")
@add_options(MapOptions)
@engine_options
@json_option
@pass_catalog
def map(catalog: Catalog, /, reference: str, is_json: bool, **options: Any) -> None:
    """Place every member of POOL on a map, and new members among the others.

    The first call lays all members out. Later calls place new members among those, and move none.
    `map(ref)` reads the map in SQL.
    """
    with progress_bar(f"mapping {reference}", unit="instructions"):
        placed = catalog.map(reference, **options)
    echo_report(placed, is_json=is_json)


@click.command()
@click.argument("reference", metavar="REF")
@click.option("-k", "k", type=click.IntRange(min=1), help="Number of regions. Default: by size.")
@click.option(
    "--words",
    "n_words",
    type=click.IntRange(min=1, max=100),
    default=3,
    show_default=True,
    help="Number of words of a region.",
)
@table_options
@pass_catalog
def regions(catalog: Catalog, reference: str, k: int | None, n_words: int, is_json: bool) -> None:
    """Name the regions of the map of REF by the words that tell them from the rest."""
    found = catalog.regions(reference, k=k, n_words=n_words)
    echo_rows(found.to_dicts(), is_json=is_json, nothing="no member is on the map")


@click.command()
@click.argument("references", metavar="REF...", nargs=-1, required=True)
@click.option("-o", "--output", "path", required=True, metavar="FILE", help="HTML file to write.")
@click.option(
    "--texts",
    "n_texts",
    type=click.IntRange(min=0),
    default=4000,
    show_default=True,
    help="Number of members whose texts the report holds; 0 writes a report without texts.",
)
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@memory_option
@json_option
@pass_catalog
def report(
    catalog: Catalog, /, references: tuple[str, ...], path: str, overwrite: bool, **options: Any
) -> None:
    """Write a page about pools and subsets as one HTML file.

    The file holds all of its data and opens without a network: the map, the sources, a histogram of
    every score, the comparison of the subsets with random draws of their size, their definitions,
    quarantined records by reason, and the texts of some members.
    """
    from catalog.query.executor import Limits

    is_json, memory = options.pop("is_json"), options.pop("memory")
    options["limits"] = Limits(memory=memory)
    written = catalog.report(*references, path=path, is_overwriting=overwrite, **options)
    if is_json:
        echo_json(vars(written) | {"path": str(written.path)})
        return
    click.echo(
        f"{written.path}: {quantity(written.n_members, 'member')} of {written.reference}, "
        f"{written.n_bytes / 1e6:.1f} MB"
    )
    if written.n_texts:
        say(f"  it holds the texts of {quantity(written.n_texts, 'member')}; --texts 0 writes none")
    for note in written.notes:
        say(f"  not shown: {note}")


@click.command()
@click.argument("reference", metavar="REF")
@click.option(
    "--port",
    type=click.IntRange(min=0, max=65535),
    default=0,
    help="Port to listen on. Default: a free one.",
)
@click.option(
    "--save",
    "is_saving",
    is_flag=True,
    help="Allow the page to write selectors into this folder and to select subsets with them.",
)
@click.option("--open", "is_opening", is_flag=True, help="Open the page in the default browser.")
@pass_catalog
def browse(catalog: Catalog, reference: str, port: int, is_saving: bool, is_opening: bool) -> None:
    """Show a pool or subset as a page in the browser, until Ctrl-C.

    The page listens on 127.0.0.1 only and needs the token in the address that is printed. It is
    read-only unless --save is given.
    """
    from catalog.report.answers import Answers
    from catalog.report.page_data import read_page_data
    from catalog.report.server import PageServer

    page = read_page_data(catalog.store, reference, is_saving=is_saving)
    folder = Path.cwd() if is_saving else None
    with PageServer(Answers(catalog.store, page, folder), port=port) as server:
        for note in page.header["notes"]:
            say(f"not shown: {note}")
        click.echo(server.url)
        say("Ctrl-C ends it")
        if is_opening:
            webbrowser.open(server.url)
        server.serve_forever()
