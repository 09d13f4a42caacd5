"""Command `overlap`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from catalog.catalog import Catalog
from catalog.cli.group import json_option
from catalog.cli.options import memory_option, pass_catalog, timeout_option
from catalog.cli.output import echo_json, echo_rows, say
from catalog.messages import quantity, shortened

if TYPE_CHECKING:
    from catalog.subsets.overlap.find import Overlap, TestOverlap

SHOWN = 12
"""Digits of a fingerprint in a table."""

SPAN = 60
"""Characters of a text in a table."""


@click.command()
@click.argument("reference")
@click.option(
    "--against",
    required=True,
    metavar="TESTS",
    help="Pools that hold test items, separated by commas.",
)
@click.option(
    "--ngram",
    type=click.IntRange(1, 64),
    default=13,
    show_default=True,
    help="Words of a shared run.",
)
@click.option(
    "--embedding",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="COSINE",
    help="Compare embeddings instead of words: the least cosine, such as 0.9.",
)
@click.option("--encoder", help="Encoder of the embeddings, if there are several.")
@click.option(
    "-n",
    "--rows",
    "n_rows",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Pairs to print for each test set. --json prints all.",
)
@memory_option
@timeout_option
@json_option
@pass_catalog
def overlap(
    catalog: Catalog,
    /,
    reference: str,
    against: str,
    n_rows: int,
    timeout: float | None,
    is_json: bool,
    **options: Any,
) -> None:
    """Find the members of REFERENCE that share a run of words with an item of a test set.

    Words are lower case, without punctuation, between white space. The text of a member and of a
    test item is its prompt and its response. What was compared is kept: later runs read new
    members and new items only.
    """
    tests = against.split(",")
    found = catalog.project.overlap(reference, against=tests, seconds=timeout, **options)
    if is_json:
        echo_json(_as_json(found))
        return
    rows = [row for test in found.tests for row in _rows(test, n_rows)]
    echo_rows(rows, is_json=False, nothing=f"no member {_shares(found)}")
    for test in found.tests:
        say(_sentence(test, found))


def _rows(test: TestOverlap, n_rows: int) -> list[dict[str, Any]]:
    return [
        {
            "fingerprint": row["fingerprint"][:SHOWN],
            "test": test.test,
            "test_item": row["test_fingerprint"][:SHOWN],
            **_measures(row),
            "prompt": shortened(row["prompt"], SPAN),
        }
        for row in test.pairs.slice(0, n_rows).to_pylist()
    ]


def _measures(row: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of a pair's words, or of its embeddings."""
    if row["span"] is None:
        return {"cosine": row["share"]}
    span = shortened(row["span"], SPAN)
    return {"hits": row["hits"], "share": row["share"], "span": span}


def _shares(found: Overlap) -> str:
    if found.embedding is None:
        return f"shares {found.ngram} words in a row"
    return f"has an embedding within a cosine of {found.embedding:g}"


def _as_json(found: Overlap) -> dict[str, Any]:
    tests = [vars(test) | {"pairs": test.pairs.to_pylist()} for test in found.tests]
    return vars(found) | {"tests": tests}


def _sentence(test: TestOverlap, found: Overlap) -> str:
    with_items = f"{test.n_items_shared:,} of {quantity(test.n_items, 'test item')}"
    members = f"{quantity(test.n_members, 'member')} of {found.reference}"
    if found.embedding is None:
        verb = "shares" if test.n_members == 1 else "share"
        sentence = f"{members} {verb} {found.ngram} words in a row with {with_items}"
    else:
        verb = "is" if test.n_members == 1 else "are"
        sentence = f"{members} {verb} close to {with_items}"
    if test.n_short:
        short = quantity(test.n_short, "shorter item was", "shorter items were")
        sentence += f"; {short} compared whole"
    if test.n_skipped:
        skipped = quantity(test.n_skipped, "item")
        sentence += f"; not compared: {skipped} of fewer than 5 words"
    return f"{test.test}: {sentence}"
