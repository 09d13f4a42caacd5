"""Relation ``matches(...)``: the members that hold a word of a text."""

from __future__ import annotations

from catalog.query.resolved import Resolved
from catalog.query.sources._decorator import source
from catalog.store.database import Connection
from catalog.store.quoting import literal
from catalog.store.references import resolve


@source(
    order=150,
    example="SELECT * FROM matches('alpaca', text => 'boil an egg') WHERE rank <= 10",
    sql="word_matches_at('pool', 0, 1, 'text')",
)
def matches(connection: Connection, ref: str, *, text: str) -> Resolved:
    """Read the members that hold a word of a text, ranked by BM25: ``score`` and ``rank`` (from 1).

    The macros `tokens_of` and `word_matches_at` hold the formula (Robertson & Zaragoza 2009), and a
    change of theirs changes the definitions that use it. Every member is read: no index is needed.
    """
    found = resolve(connection, ref)
    sql = f"word_matches_at('{found.kind}', {found.id}, {found.version}, {literal(text)})"
    return Resolved(found, sql=sql)
