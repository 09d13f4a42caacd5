"""Commands `search` and `index`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option, table_options
from catalog.cli.options import pass_catalog, query_memory_option
from catalog.cli.output import echo_json, echo_rows, say
from catalog.cli.progress import progress_bar
from catalog.cli.reports import echo_report
from catalog.messages import quantity
from catalog.signals.kind_options import ENCODER

MANY = 100_000
"""Members from which on an index is worth its time."""

encoder_option = click.option(
    "--encoder",
    default=ENCODER,
    show_default=True,
    help="Encoder that computed the pool's embeddings.",
)


@click.command()
@click.argument("pool")
@click.argument("text", required=False)
@click.option("--text", "is_text", is_flag=True, help="Rank by the words of TEXT (BM25).")
@click.option(
    "--hybrid", "is_hybrid", is_flag=True, help="Rank by meaning and by words, fused by rank."
)
@click.option(
    "--like",
    metavar="FINGERPRINT",
    help="Member to search by instead of TEXT, 8 or more digits.",
)
@click.option(
    "-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="Number of results."
)
@click.option(
    "--where",
    metavar="SQL",
    help="SQL condition on the members, e.g. \"source = 'wiki' AND length(response) > 100\".",
)
@encoder_option
@query_memory_option("condition")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit of the condition.",
)
@table_options
@pass_catalog
def search(
    catalog: Catalog,
    /,
    pool: str,
    text: str | None,
    is_text: bool,
    is_hybrid: bool,
    timeout: float | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Find the members of POOL whose embeddings, or whose words, are closest to TEXT."""
    if is_text and is_hybrid:
        raise click.UsageError("--text and --hybrid exclude each other")
    modes = {"text": is_text, "hybrid": is_hybrid}
    mode: Any = next((name for name, is_on in modes.items() if is_on), "meaning")
    from catalog.arrow import postpone_pandas

    postpone_pandas()
    answer = catalog.search(pool, text, mode=mode, seconds=timeout, **options)
    nothing = "no member has a word of the text" if is_text else "no member to compare"
    echo_rows(answer.rows.to_dicts(), is_json=is_json, nothing=nothing)
    if answer.index:
        index = answer.index
        cells = f"{index.probes} of {index.partitions} cells"
        say(
            f"  approximate, by an index that probes {cells}: "
            f"recall@10 {index.recall:.3f} on {quantity(index.n_queries, 'member')}"
        )
    elif mode != "text" and answer.n_searched > MANY:
        say(f"  compared {quantity(answer.n_searched, 'member')}: `catalog index {pool}` is faster")


@click.command()
@click.argument("pool")
@click.option("--text", "is_text", is_flag=True, help="Index the words, for `search --text`.")
@encoder_option
@json_option
@pass_catalog
def index(catalog: Catalog, /, pool: str, is_text: bool, encoder: str, is_json: bool) -> None:
    """Build an index for searches: of POOL's embeddings, or of its words.

    An index of embeddings pays from about 100,000 members on; its recall is measured and printed.
    An index of words is needed for `search --text` and `--hybrid`.
    """
    if is_text:
        with progress_bar(f"indexing {pool}", unit="instructions") as bar:
            report: Any = catalog.index(
                pool, text=True, progress=lambda done, total, _: bar(done, total, done)
            )
        echo_report(report, is_json=is_json)
        return
    answer: Any = catalog.index(pool, encoder=encoder)
    if is_json:
        echo_json({"name": answer.name, "is_new": answer.is_new, **asdict(answer.index)})
        return
    built = answer.index
    verb = "built" if answer.is_new else "is there already"
    click.echo(
        f"index of {answer.name}: {verb}, recall@10 {built.recall:.3f} with {built.probes} of "
        f"{built.partitions} cells, over {quantity(built.n_rows, 'row')}"
    )
    if not built.is_used:
        say("  its recall is too low: searches compare every vector")
