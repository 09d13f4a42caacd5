"""Command `mark`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from catalog.catalog import Catalog
from catalog.cli.group import table_options
from catalog.cli.options import pass_catalog
from catalog.cli.output import echo_json, echo_rows, say
from catalog.pools.modes import MARKS, Mark

if TYPE_CHECKING:
    from catalog.pools.marks import Marked


@click.command()
@click.argument("reference", metavar="REF")
@click.argument("words", nargs=-1, metavar="[FINGERPRINT...] [good|bad|none]")
@click.option("--note", metavar="TEXT", help="Note to keep; an empty one removes the note.")
@click.option("--undo", "is_undoing", is_flag=True, help="Take back the newest change.")
@table_options
@pass_catalog
def mark(
    catalog: Catalog,
    reference: str,
    words: tuple[str, ...],
    note: str | None,
    is_undoing: bool,
    is_json: bool,
) -> None:
    """Mark members of REF as good or bad, or list the marks.

    FINGERPRINT is the first 8 or more digits of a member's fingerprint. Without one the marked
    members are listed. A mark stays with its instruction when the pool is registered again.
    `marks(ref)` reads the marks in SQL.
    """
    fingerprints, given = _parsed(words)
    if is_undoing:
        if words or note is not None:
            raise click.UsageError("--undo takes a pool or subset, and nothing else")
        _echo(catalog.undo_mark(reference), is_json=is_json)
    elif words or note is not None:
        _echo(catalog.mark(reference, *fingerprints, mark=given, note=note), is_json=is_json)
    else:
        echo_rows(catalog.marks(reference), is_json=is_json, nothing="no member is marked")


def _parsed(words: tuple[str, ...]) -> tuple[tuple[str, ...], Mark | None]:
    """Return fingerprints, and the mark if that is the last word.

    >>> _parsed(("0123abcd", "good")), _parsed(("0123abcd",))
    ((('0123abcd',), 'good'), (('0123abcd',), None))
    """
    given = next((name for name in MARKS if words and words[-1] == name), None)
    return (words[:-1], given) if given else (words, None)


def _echo(marked: Marked, *, is_json: bool) -> None:
    if is_json:
        echo_json(vars(marked))
        return
    n = len(marked.fingerprints)
    verb = "marked" if marked.undone is None else "took back the marks of"
    say(f"{verb} {n:,} member{'' if n == 1 else 's'} of {marked.reference}")
